// A name as rules and lists write it: `example.org` is that name, `*.example.org` every name below
// it, `.example.org` both.
//
// Kept in one spelling: lower case, A-labels (RFC 5890), no dot at the end. What a resolver or a
// browser would send is taken, so underscores and hyphens may stand anywhere. Values; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "weir/result.h"

namespace weir {

inline constexpr std::size_t longest_host = 253;  // bytes, without the dot at the end
inline constexpr std::size_t longest_label = 63;

enum class NameForm : std::uint8_t { exact, below, both };

struct Name {
  std::string text;  // without what says the form
  NameForm form = NameForm::exact;

  // The error shows the text and says what is wrong with it.
  static Result<Name> parse(std::string_view text);
  // As it would be written.
  [[nodiscard]] std::string written() const;
  friend bool operator==(const Name&, const Name&) = default;
};

// What is wrong with a host in its one spelling ("has an empty label"), or "".
[[nodiscard]] std::string flaw_of_host(std::string_view host);

// A letter of ASCII as names are kept: lower case.
[[nodiscard]] constexpr char lowered(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// The same for a name that is a view.
[[nodiscard]] std::string written_name(std::string_view name, NameForm form);

}  // namespace weir
