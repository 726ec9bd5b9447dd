// Text that came from strangers (host names, error phrases of peers) made safe to print: nothing
// that leaves here can move a terminal's cursor, break a line, reverse the reading direction or
// make JSON invalid. Valid UTF-8 that prints stays as it is.
//
// Pure; any thread. Called for every flow record on the data path: appends, and allocates nothing
// else.
#pragma once

#include <string>
#include <string_view>

namespace weir {

// As a JSON string, quotes included. Bytes that are not UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text);

// As the value of `key=value`: bare where it is a plain word, else in quotes with \" \\ \n \t,
// \xNN for bytes and \u{NNNN} for characters that do not print.
void append_value(std::string& out, std::string_view text);

// As part of a sentence: like append_value, but never quoted, and spaces and quotes stay.
void append_printable(std::string& out, std::string_view text);

}  // namespace weir
