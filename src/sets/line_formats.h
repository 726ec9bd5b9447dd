// The formats of sets/list_line.h that have a grammar of their own. What is wrong with a line is
// the error; no item of it counts then. Pure; any thread.
#pragma once

#include <string_view>
#include <vector>

#include "sets/list_line.h"

namespace weir {

[[nodiscard]] bool is_adblock_line(std::string_view text);
Result<> read_adblock_line(std::string_view text, std::vector<ListItem>& items);

[[nodiscard]] bool is_dnsmasq_line(std::string_view text);
Result<> read_dnsmasq_line(std::string_view text, std::vector<ListItem>& items);

[[nodiscard]] bool is_csv_line(std::string_view text);
// The first column alone. `is_heading`: it is no item, but may be what the column is called.
Result<> read_csv_line(std::string_view text, std::vector<ListItem>& items, bool& is_heading);

}  // namespace weir
