#include "base/connection_tracking.h"

#include <charconv>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace weir {

namespace {

std::optional<std::uint64_t> number_in(const char* path) {
  std::ifstream in(path);
  std::uint64_t value = 0;
  return in >> value ? std::optional(value) : std::nullopt;
}

std::vector<std::string> words_of(const std::string& line) {
  std::vector<std::string> words;
  std::istringstream in(line);
  for (std::string word; in >> word;) {
    words.push_back(word);
  }
  return words;
}

}  // namespace

void add_statistics(ConnectionTracking& into, const char* text) {
  std::istringstream lines{std::string(text)};
  std::string line;
  if (!std::getline(lines, line)) {
    return;
  }
  const auto names = words_of(line);
  while (std::getline(lines, line)) {
    const auto values = words_of(line);
    for (std::size_t i = 0; i < names.size() && i < values.size(); ++i) {
      const std::string& word = values[i];
      std::uint64_t value = 0;
      std::from_chars(word.data(), word.data() + word.size(), value, 16);
      if (names[i] == "drop") {
        into.dropped += value;
      } else if (names[i] == "insert_failed") {
        into.insert_failed += value;
      }
    }
  }
}

std::optional<ConnectionTracking> read_connection_tracking() {
  const auto entries = number_in("/proc/sys/net/netfilter/nf_conntrack_count");
  const auto max = number_in("/proc/sys/net/netfilter/nf_conntrack_max");
  if (!entries || !max) {
    return std::nullopt;
  }
  ConnectionTracking table{.entries = *entries, .max = *max};
  std::ifstream statistics("/proc/net/stat/nf_conntrack");
  const std::string text{std::istreambuf_iterator<char>(statistics), {}};
  add_statistics(table, text.c_str());
  return table;
}

}  // namespace weir
