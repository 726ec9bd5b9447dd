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

// The same table in the order of its objects' texts. nft lists objects by their age, and some are
// older than others: comparing two tables needs one order.
[[nodiscard]] std::string in_order(std::string_view text);

}  // namespace weir::firewall
