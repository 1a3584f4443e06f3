/* Counts the words of a file, many times over. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    static char text[1 << 20];
    FILE *file = argc > 1 ? fopen(argv[1], "rb") : NULL;
    if (!file) return 1;
    size_t size = fread(text, 1, sizeof text, file);
    unsigned long words = 0;
    for (int round = 0; round < 1000; round++) {
        int inside = 0;
        for (size_t i = 0; i < size; i++) {
            int space = isspace((unsigned char)text[i]) != 0;
            words += !space && !inside;
            inside = !space;
        }
    }
    printf("words: %lu\n", words);
    return 0;
}
