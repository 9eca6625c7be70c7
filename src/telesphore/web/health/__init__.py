"""What a monitor asks: does it live, can it answer, how long is the queue. No page for people, nothing of patients."""
