// DSCP and ECN of datagrams that leave together.
#include <netinet/in.h>
#include <sys/socket.h>

#include <string>
#include <utility>
#include <vector>

#include "base/datagram_batch.h"
#include "base/transparent.h"
#include "catch.h"
#include "ledger.h"
#include "relay/datagram_queue.h"
#include "udp_end.h"

namespace weir {
namespace {

using Marked = std::vector<std::pair<std::string, int>>;

Marked heard(const UdpEnd& to) {
  Marked out;
  DatagramBatch batch;
  for (int count = 0; (count = batch.receive(to.fd())) > 0;) {
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
      const auto payload = batch.payload(i);
      out.emplace_back(std::string(payload.begin(), payload.end()),
                       control_of(batch.header(i)).tos);
    }
  }
  return out;
}

}  // namespace

TEST_CASE("each datagram leaves with its own DSCP and ECN, alone, in a group or in a run") {
  const std::vector<Marked> rows{
      {{"alone", 0xb8}},
      {{"alone and plain", 0}},
      {{"one", 0xb8}, {"two", 0}, {"three", 2}},
      {{std::string(100, 'a'), 0xb8}, {std::string(100, 'b'), 0xb8}, {std::string(100, 'c'), 0}},
      {{std::string(100, 'a'), 0}, {std::string(100, 'b'), 0xb8}, {std::string(100, 'c'), 0xb8}},
      {{std::string(100, 'a'), 1}, {std::string(100, 'b'), 2}, {std::string(100, 'c'), 3}},
  };
  for (const Family family : {Family::v4, Family::v6}) {
    const UdpEnd from(family);
    const UdpEnd to(family);
    REQUIRE(hear_traffic_class(to.fd(), family));
    for (const Marked& row : rows) {
      Ledger ledger;
      BookedQueue queue;
      for (const auto& [payload, tos] : row) {
        queue.add(from.fd(), to.local, bytes(payload), 0, ledger,
                  tos == 0 ? DatagramQueue::Marking{}
                           : DatagramQueue::Marking::like(static_cast<std::uint8_t>(tos), family));
      }
      queue.flush();
      CHECK(heard(to) == row);
      CHECK(ledger.sent == row.size());
    }
  }
}

}  // namespace weir
