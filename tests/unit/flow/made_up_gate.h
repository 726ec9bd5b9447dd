// A LookupGate that does what a test says.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "flow/lookup_gate.h"

namespace weir {

struct MadeUpGate final : LookupGate {
  Learnt gives;  // for each answer
  bool is_in_time = true;
  std::function<void()> on_wait = [] {};
  std::vector<std::string> learnt_by = {};  // "192.0.2.1 203.0.113.1": who has learnt which
  std::vector<std::uint64_t> waits = {};

  void use(std::shared_ptr<const Neighbours> /*neighbours*/) override {}
  Learnt learnt(const Address& client, const Mac& /*device*/,
                std::span<const DnsAnswer::Entry> addresses, Instant /*now*/) override {
    for (const DnsAnswer::Entry& entry : addresses) {
      learnt_by.push_back(client.text() + " " + entry.address.text());
    }
    return gives;
  }
  bool wait(std::uint64_t ticket) override {
    waits.push_back(ticket);
    on_wait();
    return is_in_time;
  }
};

}  // namespace weir
