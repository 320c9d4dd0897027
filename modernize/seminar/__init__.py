"""The seminar kit: quiz, slides, handout and notebook, from the steps, the published tables and a study's records."""
