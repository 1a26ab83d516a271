"""What stands behind the `course` command; no notebook imports it."""
