#include "firewall/words.h"

#include <fmt/format.h>

#include <algorithm>

namespace weir::firewall {

std::vector<std::string> words(const Ports& ports, std::string_view separator) {
  std::vector<std::string> all;
  all.reserve(ports.ranges.size());
  for (const Ports::Range& range : ports.ranges) {
    all.push_back(range.first == range.last
                      ? std::to_string(range.first)
                      : fmt::format("{}{}{}", range.first, separator, range.last));
  }
  return all;
}

std::vector<std::string> words(std::span<const Prefix> prefixes) {
  std::vector<std::string> all;
  all.reserve(prefixes.size());
  for (const Prefix& prefix : prefixes) {
    const int whole = prefix.address.is_v4() ? 32 : 128;
    all.push_back(prefix.length == whole
                      ? prefix.address.text()
                      : fmt::format("{}/{}", prefix.address.text(), prefix.length));
  }
  return all;
}

std::string set_of(std::span<const std::string> words) {
  if (words.size() == 1) {
    return words.front();
  }
  constexpr std::size_t width = 80;
  std::string set = "{ ";
  std::size_t line = 0;
  for (const std::string& word : words) {
    if (&word != &words.front()) {
      set += line > width ? ",\n\t\t\t" : ", ";
    }
    if (line > width) {
      line = 0;
    }
    set += word;
    line += word.size() + 2;
  }
  return set + " }";
}

std::string nft_string(std::string_view name) {
  std::string text = "\"";
  for (const char c : name) {
    text += c == '"' || c == '\\' || c == '\n' ? '?' : c;
  }
  // A star at the end matches every name that begins like this one, as it does in weir.ini.
  return text + "\"";
}

std::string iptables_interface(std::string_view name) {
  std::string text = "\"";
  for (const char c : name) {
    text += c == '"' || c == '\\' || c == '\n' ? '?' : c;
  }
  // A plus at the end matches every name that begins like this one, as a star does in weir.ini.
  if (text.back() == '+') {
    text.back() = '?';
  } else if (text.back() == '*') {
    text.back() = '+';
  }
  return text + "\"";
}

std::string comment(std::string_view lines, std::string_view indent) {
  std::string text;
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    text += fmt::format("{}# {}\n", indent, line);
    lines.remove_prefix(std::min(line.size() + 1, lines.size()));
  }
  return text;
}

std::string printable(std::string_view name) {
  std::string text;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    text += byte < 0x20 || byte == 0x7f ? '?' : c;
  }
  return text;
}

}  // namespace weir::firewall
