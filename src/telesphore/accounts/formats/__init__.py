"""What identifies organisations and professionals, and how it is written: pure, knows no Django."""
