#include "cli/text_list.h"

#include "base/memory.h"

#include <stdlib.h>

char *text_list_add(char *list, const char *between, char *one)
{
    char *longer = mem_format("%s%s%s", list, *list ? between : "", one);
    free(list);
    free(one);
    return longer;
}
