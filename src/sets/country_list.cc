#include "sets/country_list.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <set>
#include <utility>

#include "base/suggest.h"
#include "base/text.h"
#include "sets/mmdb.h"
#include "sets/shown.h"

namespace weir {
namespace {

constexpr std::string_view extension = ".mmdb";

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

std::string in_upper_case(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return out;
}

bool is_country(std::string_view code) {
  return code.size() == 2 && is_upper(code[0]) && is_upper(code[1]);
}

// 0: it is none.
std::uint32_t system_number(std::string_view code) {
  std::uint32_t out = 0;
  if (!code.starts_with("AS")) {
    return out;
  }
  const char* end = code.data() + code.size();
  const auto [rest, failure] = std::from_chars(code.data() + 2, end, out);
  return failure == std::errc{} && rest == end ? out : 0;
}

// What one pass through a database finds.
class CountrySearch {
 public:
  explicit CountrySearch(const CountryList& list) : prefixes_(list.wanted.size()) {
    for (const std::string& code : list.wanted) {
      wanted_.push_back({code, system_number(code), false});
    }
  }

  int class_of(const NetworkFacts& facts) {
    has_systems_ = has_systems_ || facts.autonomous_system != 0;
    if (is_country(facts.country)) {
      countries_.insert(facts.country);
    }
    int out = Mmdb::unclassed;
    for (std::size_t i = wanted_.size(); i-- > 0;) {
      Wanted& one = wanted_[i];
      if (one.system != 0 ? one.system == facts.autonomous_system : one.code == facts.country) {
        one.is_there = true;
        out = static_cast<int>(i);
      }
    }
    return out;
  }

  void take(const Prefix& prefix, int of) {
    prefixes_[static_cast<std::size_t>(of)].push_back(prefix);
  }

  // What is wanted twice is of the first of the two.
  [[nodiscard]] const std::vector<Prefix>& prefixes(std::size_t of) const { return prefixes_[of]; }
  [[nodiscard]] bool is_there(std::size_t of) const { return wanted_[of].is_there; }

  // Why it is not there.
  [[nodiscard]] std::string why_none(std::size_t of, const std::string& type) const {
    const Wanted& one = wanted_[of];
    const std::string what = "(it is a " + shown(type) + ")";
    if (one.system != 0) {
      return has_systems_ ? "it has no network of " + one.code
                          : "it does not say which network is of which AS " + what;
    }
    if (countries_.empty()) {
      return "it does not say which network is in which country " + what;
    }
    const std::vector<std::string_view> known(countries_.begin(), countries_.end());
    return "it has no network in " + shown(one.code) + did_you_mean(one.code, known);
  }

 private:
  struct Wanted {
    std::string code;
    std::uint32_t system = 0;  // 0: a country
    bool is_there = false;
  };
  std::vector<Wanted> wanted_;
  std::vector<std::vector<Prefix>> prefixes_;  // of each
  std::set<std::string> countries_;            // that the database knows
  bool has_systems_ = false;
};

}  // namespace

bool is_country_list(std::string_view text) {
  const auto colon = text.rfind(':');
  return text.substr(0, colon).ends_with(extension);
}

bool is_network_code(std::string_view text) {
  const std::string code = in_upper_case(text);
  return is_country(code) || system_number(code) != 0;
}

Result<CountryList> parse_country_list(std::string_view text) {
  const auto colon = text.rfind(':');
  CountryList out;
  out.file = trimmed(text.substr(0, colon));
  std::string_view codes = colon == std::string_view::npos ? "" : text.substr(colon + 1);
  if (trimmed(codes).empty()) {
    return Error(shown(text) +
                 " does not say what to take of it: countries, as in 'FILE.mmdb:DE,AT', or "
                 "networks, as in 'FILE.mmdb:AS64500'");
  }
  while (true) {
    const auto comma = codes.find(',');
    const std::string code = in_upper_case(trimmed(codes.substr(0, comma)));
    if (!is_network_code(code)) {
      return Error(shown(code) +
                   " is neither a country (two letters: 'DE') nor a network ('AS64500')");
    }
    if (std::find(out.wanted.begin(), out.wanted.end(), code) == out.wanted.end()) {
      out.wanted.push_back(code);
    }
    if (comma == std::string_view::npos) {
      return out;
    }
    codes.remove_prefix(comma + 1);
  }
}

Result<std::size_t> read_country_list(const CountryList& list, ListSource& source,
                                      SetBuilder& into) {
  const SourceLocation location{list.file, 0};
  auto database = Mmdb::open(source);
  if (!database) {
    return Error(database.error().text(), location);
  }
  CountrySearch search(list);
  const auto walked =
      database.value().walk([&](const NetworkFacts& facts) { return search.class_of(facts); },
                            [&](const Prefix& prefix, int of) -> Result<> {
                              search.take(prefix, of);
                              return Ok{};
                            });
  if (!walked) {
    return Error(walked.error().text(), location);
  }
  std::size_t out = 0;
  for (std::size_t i = 0; i < list.wanted.size(); ++i) {
    if (!search.is_there(i)) {
      return Error(search.why_none(i, database.value().type()), location);
    }
    into.begin(list.file + ":" + list.wanted[i]);
    for (const Prefix& prefix : search.prefixes(i)) {
      if (auto added = into.add({.what = prefix}, 0); !added) {
        return Error(added.error().text(), location);
      }
      ++out;
    }
  }
  return out;
}

}  // namespace weir
