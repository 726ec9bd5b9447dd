// A gateway may hold a hundred thousand UDP flows, and promises at most 480 bytes of its memory for
// an idle one with a client port of its own. tools/bench measures that (memory-udp); what creeps is
// found here, without a machine to measure.
#include "catch.h"
#include "flow/udp/udp_flow.h"

namespace weir {
namespace {

// What malloc takes of the arena for so many bytes: a size before them, all in units of 16.
constexpr std::size_t allocated(std::size_t bytes) { return (bytes + 8 + 15) / 16 * 16; }

TEST_CASE("an idle UDP flow and its socket take at most 480 bytes, tables and watch included") {
  // In two tables of pointers, which double, and two lists that do.
  constexpr std::size_t tables = 4 * sizeof(void*);
  constexpr std::size_t watch = EdgePoll::bytes_per_watch;
  constexpr std::size_t in_all =
      allocated(sizeof(UdpFlow)) + allocated(sizeof(UdpSocket)) + tables + watch;
  CAPTURE(sizeof(UdpFlow), sizeof(UdpSocket), sizeof(FlowCore));
  CHECK(in_all <= 480);
}

}  // namespace
}  // namespace weir
