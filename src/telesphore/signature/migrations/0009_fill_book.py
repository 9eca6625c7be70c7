"""What already waits gets what the signature book sorts by; what a closed circuit left waiting waits no more."""

from django.db import migrations

FILL = """
UPDATE signature_envelope e SET type_code = d.type_code FROM records_document d
WHERE d.organisation_id = e.organisation_id AND d.id = e.document_id AND e.type_code = '';

UPDATE signature_recipient r SET state = 'released' FROM signature_envelope e
WHERE e.organisation_id = r.organisation_id AND e.id = r.envelope_id
  AND r.state IN ('waiting', 'pending') AND e.closed_at IS NOT NULL;

UPDATE signature_recipient r
SET kind = s.kind, urgent = e.urgent, due_at = e.due_at, type_code = e.type_code, sender_id = e.sender_id,
    about_id = e.patient_id
FROM signature_envelope e, signature_step s
WHERE e.organisation_id = r.organisation_id AND e.id = r.envelope_id
  AND s.organisation_id = r.organisation_id AND s.id = r.step_id AND r.state IN ('waiting', 'pending');
"""


class Migration(migrations.Migration):
    dependencies = [
        ("records", "0004_pre_add_accounts_and_representations"),
        ("signature", "0008_pre_add_book"),
    ]

    operations = [migrations.RunSQL(FILL, migrations.RunSQL.noop)]
