"""What Prometheus reads. Computed from the database when asked, so that any number of processes tell the same."""

from collections.abc import Iterator

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from telesphore.jobs import queries
from telesphore.signature import queries as signature


class Work(Collector):
    """Jobs by queue and state, the age of the oldest that is due, how proofs stand, and the workers alive."""

    def collect(self) -> Iterator[Metric]:
        """One reading of the database."""
        jobs = GaugeMetricFamily("telesphore_jobs", "Jobs, by queue and state.", labels=["queue", "state"])
        oldest = GaugeMetricFamily(
            "telesphore_jobs_oldest_waiting_seconds",
            "Time for which the oldest job has been due.",
            labels=["queue"],
        )
        for queue in queries.queues():
            for state in ("waiting", "scheduled", "running", "stopped"):
                jobs.add_metric([queue.queue, state], getattr(queue, state))
            oldest.add_metric([queue.queue], queue.oldest_waiting_seconds)
        yield jobs
        yield oldest
        proofs = GaugeMetricFamily("telesphore_proofs", "Proofs of sealed documents, by state.", labels=["state"])
        for state, count in signature.standing().counts.items():
            proofs.add_metric([state], count)
        yield proofs
        yield GaugeMetricFamily(
            "telesphore_workers", "Workers that gave a sign of life lately.", value=queries.living_workers()
        )
