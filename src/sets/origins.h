// Where the items of a set come from: which file and which line, in four bytes an item.
//
// All lines of all sources of a set are numbered through; a source knows the number its lines begin
// at. Part of the set's contents: filled by the thread that reads the lists, then read by any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "weir/result.h"

namespace weir {

// A line of one of the sources. Says nothing without the Origins that it is of. Of two lines of a
// set, the one read first has the smaller number.
struct Origin {
  std::uint32_t number = 0;
  friend auto operator<=>(const Origin&, const Origin&) = default;
};

class Origins {
 public:
  // What is asked for from now on is a line of this file; the name is as messages show it.
  void begin(std::string file);
  // `line` counts from 1; 0 is the file as a whole. REQUIRES: a file has begun.
  [[nodiscard]] Origin of_line(std::uint32_t line);
  [[nodiscard]] SourceLocation location(Origin origin) const;
  [[nodiscard]] std::size_t bytes() const;

 private:
  struct Source {
    std::string file;
    std::uint32_t first = 0;  // the number of its line 0
  };
  std::vector<Source> sources_;
  std::uint32_t last_ = 0;  // number that was given away
};

}  // namespace weir
