// What an idle TCP flow costs in memory is promised, too; see udp_flow_size_test.cc.
#include "catch.h"
#include "flow/tcp_flow.h"

namespace weir {
namespace {

TEST_CASE("an idle TCP flow takes at most 640 bytes, its tables included") {
  constexpr std::size_t allocated = (sizeof(TcpFlow) + 8 + 15) / 16 * 16;
  constexpr std::size_t table = 2 * sizeof(void*);  // a table of pointers that doubles
  CAPTURE(sizeof(TcpFlow), sizeof(TcpRelay), sizeof(PeerWatch), sizeof(FlowCore));
  constexpr std::size_t watches = 2 * EdgePoll::bytes_per_watch;
  CHECK(allocated + table + watches <= 640);
}

}  // namespace
}  // namespace weir
