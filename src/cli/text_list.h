/* Texts one after the other, with something in between. Thread: main. */
#pragma once

/* list, between unless list is empty, and one; takes both texts and returns the longer one, to be freed. A list begins as mem_text(""). */
char *text_list_add(char *list, const char *between, char *one);
