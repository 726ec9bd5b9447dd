#include "sets/list_line.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "sets/line_formats.h"
#include "sets/shown.h"

namespace weir {
namespace {

using Kind = ListLine::Kind;

constexpr std::array<std::string_view, 4> comment_signs{"#", ";", "!", "//"};

bool begins_comment(std::string_view text) {
  return std::any_of(comment_signs.begin(), comment_signs.end(),
                     [&](std::string_view sign) { return text.starts_with(sign); });
}

// A sign without a blank before it belongs to what it stands in: dnsmasq's `#53`, a URL's `//`.
std::string_view without_comment(std::string_view text) {
  for (auto at = text.find_first_of(blanks); at != std::string_view::npos;
       at = text.find_first_of(blanks, at + 1)) {
    if (begins_comment(text.substr(at + 1))) {
      return trimmed(text.substr(0, at));
    }
  }
  return trimmed(text);
}

// `!192.0.2.1` once took an address out of such a list; read as a comment it would be let in again.
bool is_negated_address(std::string_view text) {
  return text.starts_with('!') && looks_like_address(text.substr(1)) &&
         parse_item(text.substr(1)).ok();
}

std::string flaw_of_control(std::string_view text) {
  const auto control = std::find_if(text.begin(), text.end(), [](unsigned char c) {
    constexpr unsigned char del = 0x7f;
    return (c < ' ' && c != '\t') || c == del;
  });
  return control == text.end() ? "" : "the line has a control character in it: " + shown(text);
}

// What is wrong with the bytes of a line, whatever it says.
std::string flaw_of_bytes(std::string_view text) {
  if (text.size() > longest_list_line) {
    return "the line is " + std::to_string(text.size()) + " bytes long, at most " +
           std::to_string(longest_list_line) + " are allowed";
  }
  if (text.find('\0') != std::string_view::npos) {
    return "the line has a NUL byte in it";
  }
  return "";
}

std::string_view cut_word(std::string_view& text) {
  const auto end = text.find_first_of(blanks);
  const std::string_view out = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view{} : trimmed(text.substr(end));
  return out;
}

bool is_one_of(std::string_view word, const auto& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// What stands before a name that a hosts file makes go nowhere.
constexpr std::array<std::string_view, 4> nowhere{"0.0.0.0", "127.0.0.1", "::1", "::"};

// The names of the machine itself, with which hosts files begin.
constexpr std::array<std::string_view, 12> own_names{
    "localhost",     "localhost.localdomain", "local",        "broadcasthost",
    "ip6-localhost", "ip6-loopback",          "ip6-localnet", "ip6-mcastprefix",
    "ip6-allnodes",  "ip6-allrouters",        "ip6-allhosts", "0.0.0.0"};

bool are_own_names(std::string_view names) {
  while (!names.empty()) {
    if (!is_one_of(cut_word(names), own_names)) {
      return false;
    }
  }
  return true;
}

Result<> read_hosts(std::string_view names, std::vector<ListItem>& items) {
  while (!names.empty()) {
    const std::string_view word = cut_word(names);
    if (is_one_of(word, own_names)) {
      continue;
    }
    auto name = Name::parse(word);
    if (!name) {
      return name.error();
    }
    items.push_back({.what = std::move(name).value()});
  }
  return Ok{};
}

Result<> read_words(std::string_view text, std::vector<ListItem>& items) {
  std::string_view rest = text;
  const std::string_view first = cut_word(rest);
  const bool is_range = rest.starts_with("- ") && looks_like_address(first);
  if (rest.empty() || is_range) {
    auto item = parse_item(text);
    if (!item) {
      return item.error();
    }
    items.push_back({.what = std::move(item).value()});
    return Ok{};
  }
  if (is_one_of(first, nowhere)) {
    return read_hosts(rest, items);
  }
  if (looks_like_address(first) && are_own_names(rest)) {
    return Ok{};  // `ff02::1 ip6-allnodes`
  }
  const bool is_address = looks_like_address(first) && parse_item(first).ok();
  return Error("there is text after " + shown(first) +
               (is_address ? ": names are listed after 0.0.0.0, 127.0.0.1, ::1 and :: alone"
                           : ": a list has one item a line"));
}

// "[Adblock Plus 2.0]" is the first line of such a list.
bool is_adblock_heading(std::string_view text) {
  constexpr std::array<std::string_view, 3> programs{"[Adblock", "[AdGuard", "[uBlock"};
  return text.ends_with(']') &&
         std::any_of(programs.begin(), programs.end(),
                     [&](std::string_view program) { return text.starts_with(program); });
}

// "example.org##.banner", in any of its forms.
bool hides_parts_of_pages(std::string_view text) {
  constexpr std::array<std::string_view, 5> signs{"##", "#@#", "#?#", "#$#", "#%#"};
  return std::any_of(signs.begin(), signs.end(), [&](std::string_view sign) {
    return text.find(sign) != std::string_view::npos;
  });
}

Result<> read_content(std::string_view text, ListLine& line) {
  if (is_adblock_line(text)) {
    return read_adblock_line(text, line.items);
  }
  if (is_dnsmasq_line(text)) {
    return read_dnsmasq_line(text, line.items);
  }
  if (is_adblock_heading(text)) {
    return Ok{};
  }
  if (hides_parts_of_pages(text)) {
    return Error(shown(text) + " hides parts of a page: no gateway can");
  }
  if (is_csv_line(text)) {
    bool is_heading = false;
    auto out = read_csv_line(text, line.items, is_heading);
    line.kind = is_heading ? Kind::heading : Kind::bad;
    return out;
  }
  return read_words(text, line.items);
}

}  // namespace

void read_list_line(std::string_view text, ListLine& line) {
  line.items.clear();
  line.flaw.clear();
  line.kind = Kind::bad;
  if (text.ends_with('\r')) {
    text.remove_suffix(1);
  }
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (text.starts_with(byte_order_mark)) {
    text.remove_prefix(byte_order_mark.size());
  }
  if (line.flaw = flaw_of_bytes(text); !line.flaw.empty()) {
    return;
  }
  text = trimmed(text);
  if (is_negated_address(text)) {
    line.flaw = "'!' begins a comment in a list: to leave " + shown(text.substr(1)) +
                " out, say '!@…' of a list of its own";
    return;
  }
  text = begins_comment(text) ? std::string_view{} : without_comment(text);
  if (line.flaw = flaw_of_control(text); !line.flaw.empty()) {
    return;
  }
  if (auto read = text.empty() ? Result<>(Ok{}) : read_content(text, line); !read) {
    line.flaw = read.error().text();
    line.items.clear();
    return;
  }
  line.kind = line.items.empty() ? Kind::nothing : Kind::items;
}

}  // namespace weir
