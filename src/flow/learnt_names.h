// Which host a client means by an address: the one that it looked up last, of those whose DNS
// answers have this address and went through weir.
//
// One for all workers, owned by the Gateway: an answer that one worker passes on is known to the
// others before the client has it. Any thread; a lock is held for one look, in one of several parts
// of the table, and only for DNS answers and for flows whose rule depends on the host.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/mac.h"
#include "sniff/dns_answer.h"
#include "weir/endpoint.h"
#include "weir/host.h"
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
  // Of one client for one address.
  static constexpr std::size_t most_names = 8;

  // Who looks names up: a device with all its addresses, so that what it asks over IPv4 counts for
  // what it opens over IPv6; where the device is not known (zero), the address alone.
  struct Client {
    Address address;
    Mac device = {};
  };

  // What the answer says, for that client from now on. How many names had to go for it before their
  // time.
  std::size_t learn(const Client& client, const DnsAnswer& answer, Instant now);
  // Null: it has looked up no name for that address, or too long ago. What it looked up while its
  // device was not known counts, too.
  [[nodiscard]] HostRef find(const Client& client, const Address& address, Instant now) const;

  struct Named {
    HostRef host;
    Instant until{};
  };
  struct All {
    std::vector<Named> names = {};
    bool are_all = true;  // false: there are more than most_names
  };
  // All names that it has looked up for that address, and that hold still.
  [[nodiscard]] All all_of(const Client& client, const Address& address, Instant now) const;

  struct Known {
    Address client;  // of a device one that no client can have, which names it
    Address address;
    HostRef host;
    Instant learnt{};
    Instant until{};
  };
  // The device that an address of Known::client stands for; zero: none, it is an address.
  [[nodiscard]] static Mac device_in(const Address& client);
  // What was learnt at `since` or later, those of a client as they were learnt; the cost is that of
  // what is visited. `visit` must not call this.
  void each(Instant since, const std::function<void(const Known&)>& visit) const;
  // As it was, unless something newer is known there by now: for a takeover.
  void restore(const Known& known);
  // How many there are; some of them may have been over for a minute.
  [[nodiscard]] std::size_t size(Instant now);

 private:
  struct Entry;
  // As they were learnt, the oldest first.
  using Order = std::list<Entry>;
  using Places = std::list<Order::iterator>;
  struct Entry {
    Known known;                     // the name that was looked up last
    std::vector<Known> others = {};  // in the same order
    Instant missing_until{};         // until then others held that had no room
    Places::iterator of_client{};
  };
  struct OfClient {
    std::unordered_map<Address, Order::iterator, AddressHash> names;
    Places order;
  };
  // A client's names are in one part.
  struct Part {
    mutable std::mutex lock;
    std::unordered_map<Address, OfClient, AddressHash> clients;
    Order order;
    Instant swept{};  // when what was over went
  };
  // Few: a client that fills its share must leave most of a part to the others.
  static constexpr std::size_t parts = 16;

  [[nodiscard]] Part& part_of(const Address& client) { return parts_[hash_of(client) % parts]; }
  [[nodiscard]] std::optional<Known> look(const Address& client, const Address& address,
                                          Instant now) const;
  // Null: the client has looked up no name for that address. Under the part's lock.
  [[nodiscard]] static const Entry* entry_in(const Part& part, const Address& client,
                                             const Address& address);
  void add_all(All& out, const Address& client, const Address& address, Instant now) const;
  [[nodiscard]] static bool is_over(const Entry& entry, Instant now);
  static void add(Entry& entry, Known known, Instant now);
  static std::size_t put(Part& part, const Known& known, Instant now);
  static std::size_t make_room(Part& part, const OfClient& client, Instant now);
  static void forget(Part& part, Order::iterator entry);
  static void sweep(Part& part, Instant now);

  std::array<Part, parts> parts_;
};

}  // namespace weir
