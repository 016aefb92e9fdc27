"""Pure values and rules, on the standard library alone: what the whole house agrees on."""
