// Datagrams that wait until their flows' relay is open: a few of them.
//
// Part of the UdpRelay; its worker's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace weir {

class UdpFlow;

class WaitingDatagrams {
 public:
  struct Datagram {
    UdpFlow* flow;
    std::string payload;
    std::uint16_t segment;
    std::uint8_t tos;
  };

  // False when too many wait already.
  [[nodiscard]] bool keep(UdpFlow& flow, std::span<const std::uint8_t> payload,
                          std::uint16_t segment, std::uint8_t tos);
  void forget(const UdpFlow& flow);
  // How many of that flow wait.
  [[nodiscard]] std::uint64_t count_of(const UdpFlow& flow) const;
  // All of them; none waits any longer.
  [[nodiscard]] std::vector<Datagram> take() {
    bytes_ = 0;
    return std::exchange(all_, {});
  }

 private:
  std::vector<Datagram> all_;
  std::size_t bytes_ = 0;
};

}  // namespace weir
