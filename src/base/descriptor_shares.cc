#include "base/descriptor_shares.h"

#include <algorithm>
#include <cassert>

namespace weir {
namespace {

constexpr std::uint64_t reserve = 200;
constexpr std::uint64_t reserve_of_worker = 350;

constexpr std::uint64_t udp_is_sure_of_one_in = 32;
constexpr std::uint64_t udp_is_sure_of = 64;
constexpr std::uint64_t tcp_is_sure_of_one_in = 4;

constexpr unsigned tcp_shift = 32;

std::uint64_t reserved(std::uint64_t workers) { return reserve + workers * reserve_of_worker; }

// A quarter at most is reserved, where the limit is small.
std::uint64_t for_flows(std::uint64_t descriptors, std::uint64_t workers) {
  const std::uint64_t left = descriptors - std::min(reserved(workers), descriptors / 4);
  return std::clamp<std::uint64_t>(left, 8, UINT32_MAX / 2);
}

std::uint64_t step(Protocol protocol, std::uint32_t count) {
  return protocol == Protocol::tcp ? std::uint64_t{count} << tcp_shift : count;
}

}  // namespace

DescriptorShares::DescriptorShares(std::uint64_t descriptors, std::uint64_t workers)
    : for_flows_(for_flows(descriptors, workers)),
      sure_tcp_(for_flows_ / tcp_is_sure_of_one_in),
      sure_udp_(
          std::max(for_flows_ / udp_is_sure_of_one_in, std::min(udp_is_sure_of, for_flows_ / 4))) {}

std::uint64_t DescriptorShares::needed(std::uint64_t connections, std::uint64_t workers) {
  const std::uint64_t tcp = connections * of_connection;
  constexpr std::uint64_t rest = udp_is_sure_of_one_in - 1;
  const std::uint64_t flows =
      std::min(tcp + std::max((tcp + rest - 1) / rest, udp_is_sure_of), (tcp * 4 + 2) / 3);
  return std::min(flows + reserved(workers), (flows * 4 + 2) / 3);
}

std::uint64_t DescriptorShares::max(Protocol protocol) const { return room(protocol, {}); }

std::uint64_t DescriptorShares::sure(Protocol protocol) const {
  return protocol == Protocol::tcp ? sure_tcp_ : sure_udp_;
}

bool DescriptorShares::take(Protocol protocol, std::uint32_t count) {
  std::uint64_t before = taken_.load(std::memory_order_relaxed);
  while (true) {
    const Taken taken = taken_in(before);
    const std::uint64_t own = protocol == Protocol::tcp ? taken.tcp : taken.udp;
    if (own + count > room(protocol, taken)) {
      return false;
    }
    if (taken_.compare_exchange_weak(before, before + step(protocol, count),
                                     std::memory_order_relaxed)) {
      return true;
    }
  }
}

void DescriptorShares::adopt(Protocol protocol, std::uint32_t count) {
  taken_.fetch_add(step(protocol, count), std::memory_order_relaxed);
}

void DescriptorShares::give_back(Protocol protocol, std::uint32_t count) {
  [[maybe_unused]] const Taken before =
      taken_in(taken_.fetch_sub(step(protocol, count), std::memory_order_relaxed));
  assert((protocol == Protocol::tcp ? before.tcp : before.udp) >= count &&
         "a descriptor was given back twice");
}

bool DescriptorShares::are_scarce(Protocol protocol) const {
  const Taken taken = taken_in(taken_.load(std::memory_order_relaxed));
  const std::uint64_t max_now = room(protocol, taken);
  return (protocol == Protocol::tcp ? taken.tcp : taken.udp) > max_now - max_now / 8;
}

DescriptorShares::Taken DescriptorShares::taken_in(std::uint64_t word) {
  return {.tcp = word >> tcp_shift, .udp = word & UINT32_MAX};
}

std::uint64_t DescriptorShares::room(Protocol protocol, const Taken& taken) const {
  const std::uint64_t others =
      protocol == Protocol::tcp ? std::max(taken.udp, sure_udp_) : std::max(taken.tcp, sure_tcp_);
  return for_flows_ - std::min(others, for_flows_);
}

}  // namespace weir
