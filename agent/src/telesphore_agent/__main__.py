"""`python -m telesphore_agent`."""

import sys

from telesphore_agent.commands import main

sys.exit(main())
