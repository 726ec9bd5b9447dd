// What is known of one name: its addresses, whether looking it up works, and when to ask again. No
// I/O and no clock: answers and times go in, addresses to publish and sentences to log come out.
//
// The two families are asked separately, and each keeps its last good answer: a server that fails
// on AAAA must not take the A records along. A name of which neither family has an address counts
// as failed, whatever the server says (NXDOMAIN included), so that a zone that is broken for a
// while costs nothing.
//
// One for each name, in the Resolver; main thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "weir/endpoint.h"
#include "weir/server.h"
#include "weir/units.h"

namespace weir {

// What one lookup of one family brought.
struct FamilyAnswer {
  enum class Outcome : std::uint8_t {
    addresses,
    none,    // the name, or the record, does not exist
    failed,  // no name server could tell
  };
  Outcome outcome = Outcome::failed;
  std::vector<Address> addresses;
  std::chrono::seconds ttl{0};
  std::string error;  // "timeout"; for `none` too: "no such name"
};

// Bounds for the time between two lookups.
struct RefreshBounds {
  Milliseconds min_ttl{1'000};
  Milliseconds max_ttl{3'600'000};
};

// What was known of a name when another process went on with it.
struct KnownName {
  std::string name;
  std::vector<Address> four;
  std::vector<Address> six;
  Instant due{};
  Instant refreshed{};
};

class NameAnswers {
 public:
  explicit NameAnswers(std::string name) : name_(std::move(name)) {}
  explicit NameAnswers(KnownName known);
  [[nodiscard]] KnownName known() const {
    return {.name = name_, .four = four_, .six = six_, .due = due_, .refreshed = refreshed_};
  }

  struct News {
    std::optional<AddressSet> publish;  // when they changed
    std::vector<std::string> infos;
    std::vector<std::string> warnings;
  };
  News answered(const FamilyAnswer& four, const FamilyAnswer& six, Instant now,
                const RefreshBounds& bounds);

  [[nodiscard]] Instant due() const { return due_; }
  // When it was last answered well for both families; the epoch: never.
  [[nodiscard]] Instant refreshed() const { return refreshed_; }
  // Empty until the first good answer.
  [[nodiscard]] const AddressSet& addresses() const { return published_; }

 private:
  enum class State : std::uint8_t { unknown, good, failing };

  void fail(const std::string& why, Instant now, const RefreshBounds& bounds, News& news);
  void publish(News& news);
  void warn_of_oddities(const std::vector<Address>& refused, News& news);

  std::string name_;
  State state_ = State::unknown;
  int failures_ = 0;  // in a row
  Instant due_{};
  Instant refreshed_{};
  std::vector<Address> four_;  // last good answers, sorted
  std::vector<Address> six_;
  std::vector<Address> refused_;
  AddressSet published_;
};

// The pause after the n-th failure in a row: min-ttl, doubled each time, for at most a minute.
[[nodiscard]] Milliseconds pause_after_failures(int failures, const RefreshBounds& bounds);
// A TTL within the bounds. One with the highest bit set counts as 0 (RFC 2181, section 8).
[[nodiscard]] Milliseconds pause_after_answer(std::chrono::seconds ttl,
                                              const RefreshBounds& bounds);
// False for addresses that no server can have: 0.0.0.0/8, ::, multicast, broadcast, and link-local
// IPv6 (which names no interface).
[[nodiscard]] bool can_be_server(const Address& address);
// As many as a server can hold; if there are more, both families keep a share.
[[nodiscard]] AddressSet select_addresses(const std::vector<Address>& four,
                                          const std::vector<Address>& six);

}  // namespace weir
