// Looks names up through c-ares, inside the loop: its sockets are watched like any other, and none
// of its calls waits. Its sockets carry the bypass-mark, so that the gateway never intercepts its
// own questions. The file channel.cc is the only place that includes <ares.h>.
//
// Owned by the Resolver, and made anew with the name servers; main thread. The doctor makes one of
// its own.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "dns/name_answers.h"
#include "dns/srv_reply.h"
#include "loop/loop.h"
#include "weir/endpoint.h"
#include "weir/result.h"

namespace weir {

class DnsChannel {
 public:
  using Answered = std::function<void(FamilyAnswer)>;

  // `servers` empty: the system's, as /etc/resolv.conf has them now.
  static Result<std::unique_ptr<DnsChannel>> open(Loop& loop, std::span<const Endpoint> servers,
                                                  Mark bypass);
  ~DnsChannel();  // lookups that go on are dropped, their callbacks not called
  DnsChannel(const DnsChannel&) = delete;
  DnsChannel& operator=(const DnsChannel&) = delete;

  // /etc/hosts, then DNS, as the system's configuration says. `answered` is called once, maybe
  // before this returns. It must not destroy the channel.
  void lookup(const std::string& name, Family family, Answered answered);
  // The SRV records of a name. Called likewise.
  void lookup_service(const std::string& name, std::function<void(const ServiceAnswer&)> answered);

 private:
  struct State;
  explicit DnsChannel(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace weir
