// One line of an INI file, looked at before inih sees it.
//
// inih cuts over-long lines and names, takes `key: value` and indented continuation lines, ends a
// value at ` ;` wherever it stands, and skips what it does not understand. weir refuses all of
// that, and says so per line. The views of a Line point into the text it was read from.
//
// Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir {

inline constexpr std::size_t longest_line = 4096;  // bytes
inline constexpr std::size_t longest_name = 49;    // bytes; inih has room for no more

struct Line {
  enum class Kind : std::uint8_t {
    nothing,  // blank, or a comment
    section,  // [name]
    key,      // name = value
    broken_section,
    broken,
  };
  Kind kind = Kind::nothing;
  std::string_view name;   // of a broken section: what there is of it
  std::string_view value;  // without the comment after it
  std::string flaw;        // of a broken line: what is wrong with it
};

// `text` has no line end.
[[nodiscard]] Line read_line(std::string_view text);

// What is wrong with the bytes of a line, whatever it says: too long, NUL, control characters, not
// UTF-8. "" when nothing is.
[[nodiscard]] std::string flaw_of_bytes(std::string_view text);

// The text before a comment that begins with ` ;`, without blanks around it.
[[nodiscard]] std::string_view without_comment(std::string_view text);

}  // namespace weir
