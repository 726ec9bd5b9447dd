// The queries that wait for their answers, of a flow to port 53 or of a relay that such flows use
// one after the other. What answers none of them belongs to another client's query, or to one that
// has been answered before.
//
// Not everything on port 53 is DNS: with the first datagram that is none, in either direction,
// these are no queries any more, for good. And a client may send more at a time than are kept here:
// then track of them is lost, for good, too.
//
// Part of Lingering, for a flow, or of a UdpRelay that the pool may lend; the worker's thread.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "dns/message.h"

namespace weir {

template <std::size_t max>
class PendingQueries {
 public:
  // As much as another process needs to go on with them.
  using Kept = std::array<std::uint32_t, max>;

  void asked(std::span<const std::uint8_t> datagram) {
    const auto message = read_dns_message(datagram);
    if (!message || message->kind != DnsMessage::Kind::query) {
      is_foreign_ = true;
      return;
    }
    const std::uint32_t token = token_of(*message);
    if (find(token) != open_.end()) {
      return;  // repeated
    }
    const auto vacant = find(0);
    if (vacant == open_.end()) {
      is_track_lost_ = true;
    } else {
      *vacant = token;
    }
  }

  // Whether it answers one, which waits no longer then.
  [[nodiscard]] bool answered(std::span<const std::uint8_t> datagram) {
    const auto message = read_dns_message(datagram);
    if (!message || message->kind != DnsMessage::Kind::response) {
      is_foreign_ = true;
      return false;
    }
    const auto found = message->question != 0
                           ? find(token_of(*message))
                           : std::find_if(open_.begin(), open_.end(), [&](std::uint32_t token) {
                               return token != 0 && token >> id_shift == message->id;
                             });
    if (found == open_.end()) {
      return false;
    }
    *found = 0;
    return true;
  }

  // Something was no DNS.
  [[nodiscard]] bool is_foreign() const { return is_foreign_; }
  // There were more than are kept.
  [[nodiscard]] bool is_track_lost() const { return is_track_lost_; }
  // None waits, as far as is known.
  [[nodiscard]] bool none() const {
    return std::all_of(open_.begin(), open_.end(), [](std::uint32_t token) { return token == 0; });
  }

  [[nodiscard]] const Kept& kept() const { return open_; }
  [[nodiscard]] static PendingQueries restored(const Kept& kept) {
    PendingQueries out;
    out.open_ = kept;
    return out;
  }

 private:
  static constexpr unsigned id_shift = 16;

  // Never 0, for the hash of a query's question is not.
  static std::uint32_t token_of(const DnsMessage& message) {
    return (std::uint32_t{message.id} << id_shift) | message.question;
  }
  auto find(std::uint32_t token) { return std::find(open_.begin(), open_.end(), token); }

  Kept open_{};  // 0: vacant
  bool is_foreign_ = false;
  bool is_track_lost_ = false;
};

}  // namespace weir
