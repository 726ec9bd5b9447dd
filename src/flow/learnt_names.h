// Which host a client means by an address: the one that it looked up last, of those whose DNS
// answers have this address and went through weir.
//
// One for all workers, owned by the gateway: an answer that one worker passes on is known to the
// others before the client has it. Any thread; a lock is held for one look, in one of many parts of
// the table, and only for DNS answers and for flows that some rule asks the host of.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "sniff/dns_answer.h"
#include "weir/endpoint.h"
#include "weir/units.h"

namespace weir {

class LearntNames {
 public:
  // An answer is good for its TTL, but for so long at least: programs keep addresses longer.
  static constexpr std::chrono::seconds shortest{60};
  static constexpr std::chrono::seconds longest{24 * 60 * 60};
  // The oldest go first.
  static constexpr std::size_t most_of_client = 4'096;
  static constexpr std::size_t most = 262'144;

  // What the answer says, for that client from now on.
  void learn(const Address& client, const DnsAnswer& answer, Instant now);
  // Null: it has looked up no name for that address, or too long ago.
  [[nodiscard]] std::shared_ptr<const std::string> find(const Address& client,
                                                        const Address& address, Instant now) const;

  struct Known {
    Address client;
    Address address;
    std::shared_ptr<const std::string> name;
    Instant until;
  };
  // All that is known, the oldest of a client first; and takes it in again, as it was: for a
  // takeover.
  void each(Instant now, const std::function<void(const Known&)>& visit) const;
  void restore(const Known& known);
  [[nodiscard]] std::size_t size() const;

 private:
  struct Entry {
    std::shared_ptr<const std::string> name;
    Instant until{};
    std::uint64_t number = 0;  // of its last learning: an older one in the queue does not count
  };
  struct Learning {
    Address address;
    std::uint64_t number = 0;
  };
  struct OfClient {
    struct Hash {
      std::size_t operator()(const Address& address) const { return hash_of(address); }
    };
    std::unordered_map<Address, Entry, Hash> names;
    std::deque<Learning> order;
  };
  struct Part {
    mutable std::mutex lock;
    std::unordered_map<Address, OfClient, OfClient::Hash> clients;
    std::deque<Address> order;  // a client for each of its entries, as they were learnt
    std::size_t size = 0;
    std::uint64_t learnt = 0;
  };
  static constexpr std::size_t parts = 64;

  [[nodiscard]] Part& part_of(const Address& client) { return parts_[hash_of(client) % parts]; }
  [[nodiscard]] const Part& part_of(const Address& client) const {
    return parts_[hash_of(client) % parts];
  }
  static void note(Part& part, const Known& known);
  static void forget_oldest(Part& part, OfClient& client);

  std::array<Part, parts> parts_;
};

}  // namespace weir
