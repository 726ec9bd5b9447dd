// A list of prefixes as the netlink messages that make a set of nft's of it. One transaction of
// the kernel's has as many ranges as fit without keeping other programs from their own changes for
// longer than a part of a second; a long list takes several, one after the other. As text for nft
// the same list costs three times as long, and 800 bytes of memory for each prefix.
//
// No I/O: set_loader.h sends them. A value; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/prefix.h"
#include "weir/endpoint.h"

namespace weir::firewall {

class NftTransaction;

class SetMessages {
 public:
  // The kernel sorts a whole set anew at the end of each transaction: with fewer to one, long lists
  // take much longer.
  static constexpr std::size_t ranges_in_one = 65'536;

  // Of the table `inet weir`. REQUIRES: the prefixes are of one family, ascending, and none is in
  // another; there is one at least, and they outlive this.
  SetMessages(std::string name, std::span<const Prefix> prefixes,
              std::size_t ranges = ranges_in_one);

  // The messages of the next transaction; empty: that was all. The first one makes table and set,
  // where they are not there, and takes out what is in the set.
  [[nodiscard]] std::vector<std::byte> next();
  // How many elements the kernel has of a list: where ranges begin and end.
  [[nodiscard]] static std::size_t count_elements(std::span<const Prefix> prefixes);

 private:
  void add_set(NftTransaction& to);
  void add_ranges(NftTransaction& to);

  std::string name_;
  std::span<const Prefix> left_;
  Family family_;
  std::size_t ranges_;
  std::uint32_t sequence_ = 0;
  bool has_begun_ = false;
};

// The transaction that takes a set away, which no rule asks.
[[nodiscard]] std::vector<std::byte> set_deletion(const std::string& name);
// What asks the kernel for a set, without its elements; one message of its own.
[[nodiscard]] std::vector<std::byte> set_question(const std::string& name);

}  // namespace weir::firewall
