# Writes a file as a C++ constant: cmake -DFROM=… -DTO=… -DNAME=… -P embed.cmake
file(READ ${FROM} text)
# A raw string literal may have 64 KiB at most; the delimiter is one that no page has.
file(WRITE ${TO} "// Made of ${NAME} by cmake/embed.cmake.\n#include <string_view>\n\nnamespace weir {\n\nextern const std::string_view ${NAME};\nconst std::string_view ${NAME} = R\"~EMBED~(${text})~EMBED~\";\n\n}  // namespace weir\n")
