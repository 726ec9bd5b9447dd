// One line of a list, in whichever format people publish lists: the format is recognised line by
// line, and a file may mix them.
//
//     192.0.2.0/24                 an address, a prefix, a range A-B; a name, *.name, .name
//     0.0.0.0 name [name…]         hosts files, also with 127.0.0.1, ::1 and ::; each is that name
//     ||name^  ||name^$important   browsers' and AdGuard's lists: the name and all below it
//     @@||name^                    an exception: takes the name out of the set's names
//     address=/name/…              dnsmasq, also server, local, ipset, nftset, with several names:
//                                  the name and all below it; /*.name/ is what is below alone
//     name,…  "192.0.2.1","…"      CSV: the first column counts
//
// Comments begin with #, ;, ! or //: at the line's start, or after a blank. What narrows a line to
// what no gateway sees (a browser's option, a path, a pattern), or turns its meaning round, makes
// it a bad line: taken by half it would match more than it says.
//
// Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sets/item.h"

namespace weir {

inline constexpr std::size_t longest_list_line = 4096;  // bytes

struct ListItem {
  SetItem what;
  bool is_exception = false;  // only of names
  // An exception takes no important name out, unless it is important itself.
  bool is_important = false;
};

struct ListLine {
  enum class Kind : std::uint8_t {
    nothing,  // blank, a comment, what every hosts file begins with
    items,
    heading,  // of a CSV file; anywhere but at the file's beginning a bad line
    bad,
  };
  Kind kind = Kind::nothing;
  std::vector<ListItem> items;
  std::string flaw;  // of a heading and of a bad line: what is wrong with it, and the text in it
};

// Fills `line`, whatever was in it before. `text` has no line feed; a carriage return at its end
// and a byte order mark at its start are no part of it.
void read_list_line(std::string_view text, ListLine& line);

}  // namespace weir
