// One probe of one server: opens a connection as a flow would (bypass-mark, the upstream's socket
// options), does what the check's terms say, and tells how it went. Not bound to a schedule; see
// checker.h.
//
// Owned by the Checker, until it has told; main thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/descriptor.h"
#include "dial/handshake_driver.h"
#include "loop/loop.h"
#include "weir/check_terms.h"
#include "weir/route.h"
#include "weir/units.h"

namespace weir {

class Probe {
 public:
  // Empty: it succeeded. Else why not, in a few words; a value, since the probe may be gone by
  // then.
  using Callback = std::function<void(std::string why_not)>;

  // `route` says where, from where, with which options and what to say once connected; it outlives
  // the probe. `done` is called once, later, and may destroy the probe.
  Probe(Loop& loop, const Route& route, const CheckTerms& terms, Mark bypass, Callback done);
  ~Probe();
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;

 private:
  void open(const Route& route, Mark bypass);
  void on_ready(Poll::Ready ready);
  void converse();
  void send();
  void receive();
  void finish(std::string why_not);

  const Route& route_;
  const CheckTerms& terms_;
  Callback done_;
  Descriptor socket_;
  std::unique_ptr<Poll> poll_;
  Timer timer_;
  bool connected_ = false;
  std::optional<HandshakeDriver> handshake_driver_;
  std::size_t sent_ = 0;
  std::string received_;
  std::string failure_;  // known before the owner could be told
};

}  // namespace weir
