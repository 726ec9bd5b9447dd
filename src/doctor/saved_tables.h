// What the iptables programs of this machine print. Debian has two of them, which know nothing of
// each other's rules: the kernel obeys both.
//
// Plain values; reading them starts programs. Any thread.
#pragma once

#include <string>
#include <vector>

#include "doctor/filter.h"
#include "weir/endpoint.h"

namespace weir::doctor {

struct SavedTables {
  std::string program;  // that changes them: "iptables", "ip6tables-legacy"
  std::string plain;    // "iptables" or "ip6tables"
  Family family = Family::v4;
  std::string text;
};

// Those that have any rules. Blocking, for milliseconds; loads no kernel module.
[[nodiscard]] std::vector<SavedTables> read_saved_tables();

// Every packet filter in force: nft's tables and both programs'. What is iptables' and stands in
// nft's tables is there once, in iptables' words.
[[nodiscard]] std::vector<Filter> read_filters();

// The text of a step, as its tool prints it. Blocking.
[[nodiscard]] std::string text_of(const Filter& filter, const Step& step);

// What a program prints; empty when it fails or is missing.
[[nodiscard]] std::string output_of(const std::vector<std::string>& command);

}  // namespace weir::doctor
