// Countries and networks as a source of a set: `FILE.mmdb:DE,AT` and `FILE.mmdb:AS64500` are the
// prefixes that a MaxMind database has for them, found once, when the set is read.
//
// Pure but for the file; the thread that loads.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "sets/list_source.h"
#include "sets/set_contents.h"
#include "weir/result.h"

namespace weir {

struct CountryList {
  std::string file;
  std::vector<std::string> wanted;  // "DE", "AS64500": upper case, each once
};

// Whether a source of a set names a MaxMind database: what comes before the colon ends in `.mmdb`.
[[nodiscard]] bool is_country_list(std::string_view text);
// "countries.mmdb:DE,AT"; blanks around the codes and lower case are taken.
[[nodiscard]] Result<CountryList> parse_country_list(std::string_view text);

// Whether a text is one of the codes: "DE", "as64500".
[[nodiscard]] bool is_network_code(std::string_view text);

// Adds the prefixes of what is wanted, and says how many they are. Each code is a file of its own
// in the set's origins, "countries.mmdb:DE". The error names the file; what went into the builder
// should not be used then.
Result<std::size_t> read_country_list(const CountryList& list, ListSource& source,
                                      SetBuilder& into);

}  // namespace weir
