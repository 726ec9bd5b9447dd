// What `nft list table` says, cut into the objects of the table. Plain values and pure functions;
// any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weir::firewall {

struct NftObject {
  std::string kind;  // as nft's commands have it: "chain", "counter", "ct timeout", "set", "map"
  std::string name;
  std::string text;  // all of its lines, with the first and the last
};

struct NftListing {
  std::string head;  // what stands before the objects
  std::vector<NftObject> objects;
};

[[nodiscard]] NftListing read_listing(std::string_view text);

// Of what nft lists of all tables, the one that begins with this line; "": it is not there.
[[nodiscard]] std::string table_in(std::string_view text, std::string_view first_line);

// The same table in the order of its objects' texts. nft lists objects by their age, and some are
// older than others: comparing two tables needs one order.
[[nodiscard]] std::string in_order(std::string_view text);

}  // namespace weir::firewall
