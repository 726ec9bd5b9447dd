#include "config/line.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/text.h"
#include "config/utf8.h"

namespace weir {
namespace {

// Where inih begins a comment: at a semicolon after a blank. npos: nowhere.
std::size_t comment_at(std::string_view text) {
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == ';' && blanks.find(text[i - 1]) != std::string_view::npos) {
      return i;
    }
  }
  return std::string_view::npos;
}

// True when a quote that opens before `at` closes after it. An apostrophe inside a word opens none.
bool inside_quotes(std::string_view value, std::size_t at) {
  char open = 0;
  for (std::size_t i = 0; i < at; ++i) {
    const char c = value[i];
    const bool in_word = i > 0 && blanks.find(value[i - 1]) == std::string_view::npos;
    if (open == 0 && (c == '"' || (c == '\'' && !in_word))) {
      open = c;
    } else if (c == open) {
      open = 0;
    }
  }
  return open != 0 && value.find(open, at) != std::string_view::npos;
}

Line broken(std::string flaw) {
  return {.kind = Line::Kind::broken, .name = {}, .value = {}, .flaw = std::move(flaw)};
}

Line read_section(std::string_view text) {
  const auto close = std::min(text.find(']'), comment_at(text));
  Line line{.kind = Line::Kind::broken_section,
            .name = trimmed(text.substr(1, std::min(close, text.size()) - 1)),
            .value = {},
            .flaw = {}};
  if (close == std::string_view::npos || text[close] != ']') {
    line.flaw = "the section header has no ']'";
  } else if (!without_comment(text.substr(close + 1)).empty()) {
    line.flaw = "there is text after ']'";
  } else if (line.name.empty()) {
    line.flaw = "the section has no name";
  } else if (close - 1 > longest_name) {
    line.flaw = "the section header is " + std::to_string(close - 1) + " bytes long, at most " +
                std::to_string(longest_name) + " fit between the brackets";
  } else {
    line.kind = Line::Kind::section;
  }
  return line;
}

Line read_key(std::string_view text) {
  const auto equals = text.find('=');
  const auto comment = comment_at(text);
  if (equals == std::string_view::npos || comment < equals) {
    const auto colon = text.find(':');
    return broken(colon != std::string_view::npos && colon < comment
                      ? "'key: value' is not supported, write 'key = value'"
                      : "there is no '=' in this line");
  }
  const std::string_view name = trimmed(text.substr(0, equals));
  if (name.empty()) {
    return broken("there is no key before '='");
  }
  if (name.find(':') != std::string_view::npos) {
    return broken("a key has no ':', write 'key = value'");
  }
  if (name.size() > longest_name) {
    return broken("the key is " + std::to_string(name.size()) + " bytes long, at most " +
                  std::to_string(longest_name) + " fit");
  }
  const std::string_view after = text.substr(equals + 1);
  if (const auto at = comment_at(after); at != std::string_view::npos) {
    if (name.starts_with("password")) {
      return broken("' ;' begins a comment and would cut the " + std::string(name) +
                    ": choose one without");
    }
    if (inside_quotes(after, at)) {
      return broken("' ;' begins a comment, also inside quotes, and would cut the value of " +
                    quoted(name));
    }
  }
  return {.kind = Line::Kind::key, .name = name, .value = without_comment(after), .flaw = {}};
}

std::string hexadecimal(unsigned char byte) {
  std::array<char, 8> out{};
  (void)std::snprintf(out.data(), out.size(), "0x%02X", byte);
  return out.data();
}

}  // namespace

std::string_view without_comment(std::string_view text) {
  return trimmed(text.substr(0, comment_at(text)));
}

std::string flaw_of_bytes(std::string_view text) {
  if (text.size() > longest_line) {
    return "the line is " + std::to_string(text.size()) + " bytes long, at most " +
           std::to_string(longest_line) + " are allowed";
  }
  if (text.find('\0') != std::string_view::npos) {
    return "the line has a NUL byte in it";
  }
  if (const auto bad = first_not_utf8(text); bad != std::string_view::npos) {
    return "the line is not UTF-8: byte " + std::to_string(bad + 1) + " is " +
           hexadecimal(static_cast<unsigned char>(text[bad]));
  }
  const auto control = std::find_if(text.begin(), text.end(), [](unsigned char c) {
    constexpr unsigned char del = 0x7f;
    return (c < ' ' && c != '\t') || c == del;
  });
  if (control != text.end()) {
    return "the line has a control character in it: byte " +
           std::to_string(control - text.begin() + 1) + " is " +
           hexadecimal(static_cast<unsigned char>(*control));
  }
  return "";
}

Line read_line(std::string_view text) {
  if (auto flaw = flaw_of_bytes(text); !flaw.empty()) {
    // A header that can't be read is still one: its keys must not go to the section before.
    const bool header = text.starts_with('[');
    return {.kind = header ? Line::Kind::broken_section : Line::Kind::broken,
            .name = {},
            .value = {},
            .flaw = std::move(flaw)};
  }
  const std::string_view content = trimmed(text);
  if (content.empty() || content.front() == ';' || content.front() == '#') {
    return {};
  }
  if (content.front() != text.front()) {
    Line line = broken(
        "the line is indented, which would continue the one above: begin it at the "
        "margin");
    if (content.front() == '[') {
      line.kind = Line::Kind::broken_section;
      line.name = content;
    }
    return line;
  }
  return content.front() == '[' ? read_section(content) : read_key(content);
}

}  // namespace weir
