// What becomes of the sockets that a dial opens for one flow: they are our own, and the loop guard
// has to know them.
//
// Owned by whoever dials. One worker's thread.
#pragma once

#include "dial/tcp_dial.h"
#include "gateway/flow_services.h"

namespace weir {

class OwnSockets final : public TcpDial::Witness {
 public:
  // `generation`: of the flow they are opened for.
  OwnSockets(FlowServices& services, std::uint8_t generation)
      : services_(services), generation_(generation) {}

  // As the loop guard knows a connection of that generation.
  [[nodiscard]] static LoopGuard::OwnSocket known(const TcpDial::Ends& ends,
                                                  std::uint8_t generation) {
    return {Protocol::tcp, ends.local, ends.remote, generation};
  }
  [[nodiscard]] LoopGuard::OwnSocket known(const TcpDial::Ends& ends) const {
    return known(ends, generation_);
  }

 private:
  void on_source_port_taken() override { services_.reasons().add(Reason::source_port_taken); }
  void on_socket_opened(const TcpDial::Ends& ends) override {
    services_.loop_guard().opened(known(ends));
  }
  void on_socket_closed(const TcpDial::Ends& ends) override {
    services_.loop_guard().closed(known(ends));
  }

  FlowServices& services_;
  std::uint8_t generation_;
};

}  // namespace weir
