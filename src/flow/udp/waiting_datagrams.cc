#include "flow/udp/waiting_datagrams.h"

#include <algorithm>

namespace weir {
namespace {

constexpr std::size_t max = 64;
constexpr std::size_t max_bytes = std::size_t{128} * 1024;

}  // namespace

bool WaitingDatagrams::keep(UdpFlow& flow, std::span<const std::uint8_t> payload,
                            std::uint16_t segment, std::uint8_t tos) {
  if (all_.size() >= max || bytes_ + payload.size() > max_bytes) {
    return false;
  }
  bytes_ += payload.size();
  all_.push_back({&flow, std::string(reinterpret_cast<const char*>(payload.data()), payload.size()),
                  segment, tos});
  return true;
}

void WaitingDatagrams::forget(const UdpFlow& flow) {
  std::erase_if(all_, [&](const Datagram& one) {
    const bool goes = one.flow == &flow;
    bytes_ -= goes ? one.payload.size() : 0;
    return goes;
  });
}

std::uint64_t WaitingDatagrams::count_of(const UdpFlow& flow) const {
  return static_cast<std::uint64_t>(std::count_if(
      all_.begin(), all_.end(), [&](const Datagram& one) { return one.flow == &flow; }));
}

}  // namespace weir
