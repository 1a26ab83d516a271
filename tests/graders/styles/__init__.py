"""Right versions in styles that are odd: none may be refused, at home or graded."""
