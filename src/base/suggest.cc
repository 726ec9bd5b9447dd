#include "base/suggest.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <vector>

namespace weir {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

// How many slips turn one word into the other: the optimal string alignment distance, computed row
// by row over the prefixes of both.
std::size_t slips(const std::string& a, const std::string& b) {
  std::vector<std::size_t> before_last(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) {
    last[j] = j;
  }
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t wrong = a[i - 1] == b[j - 1] ? 0 : 1;
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + wrong});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
    before_last.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

// "warn" is a "warning", and nothing else.
std::string_view only_one_that_begins(const std::string& wanted,
                                      std::span<const std::string_view> known) {
  constexpr std::size_t min = 3;
  std::string_view out;
  for (const std::string_view candidate : known) {
    if (wanted.size() >= min && lower(candidate).starts_with(wanted)) {
      if (!out.empty()) {
        return {};
      }
      out = candidate;
    }
  }
  return out;
}

}  // namespace

std::string_view nearest(std::string_view word, std::span<const std::string_view> known) {
  constexpr std::size_t longest = 64;  // no mistyped word is longer
  if (word.empty() || word.size() > longest) {
    return {};
  }
  const std::string wanted = lower(word);
  std::string_view best;
  // A third of the letters may be wrong; of two equally near words the first one is it.
  std::size_t fewest = std::max<std::size_t>(1, wanted.size() / 3) + 1;
  for (const std::string_view candidate : known) {
    const std::size_t count = slips(wanted, lower(candidate));
    if (count < fewest && count < candidate.size()) {
      fewest = count;
      best = candidate;
    }
  }
  return best.empty() ? only_one_that_begins(wanted, known) : best;
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> known) {
  const std::string_view meant = nearest(word, known);
  return meant.empty() ? "" : ", did you mean '" + std::string(meant) + "'?";
}

}  // namespace weir
