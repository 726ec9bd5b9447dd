#include "intercept/udp_listener.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <utility>

#include "base/transparent.h"

namespace weir {
namespace {

// What the kernel may queue while a worker is busy: a burst of some 5,000 full-sized datagrams.
constexpr int receive_buffer = 8 * 1024 * 1024;

// Of Linux 5.19, which headers of Debian 12 do not all have (asm-generic/socket.h).
#ifndef SO_RCVMARK
#define SO_RCVMARK 75
#endif

}  // namespace

Result<Descriptor> UdpListener::open(Family family, Port port) {
  const std::string what = std::string("cannot listen for intercepted ") +
                           (family == Family::v4 ? "IPv4" : "IPv6") + " datagrams on UDP port " +
                           std::to_string(port);
  Descriptor socket(::socket(domain_of(family), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.valid()) {
    return system_error(what, errno);
  }
  const int fd = socket.get();
  if ((family == Family::v6 && !set_option(fd, SOL_IPV6, IPV6_V6ONLY, 1)) || !prepare(fd, family)) {
    return system_error(what, errno);
  }
  sockaddr_storage raw{};
  const socklen_t length = Endpoint{Address::any(family), port}.to(raw);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&raw), length) != 0) {
    return system_error(what, errno);
  }
  return socket;
}

bool UdpListener::prepare(int fd, Family family) {
  const bool v6 = family == Family::v6;
  // Beyond net.core.rmem_max with CAP_NET_ADMIN; up to it otherwise.
  if (!set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, receive_buffer)) {
    static_cast<void>(set_option(fd, SOL_SOCKET, SO_RCVBUF, receive_buffer));
  }
  // Kernels before 5.19 do not tell the mark.
  static_cast<void>(set_option(fd, SOL_SOCKET, SO_RCVMARK, 1));
  if (v6) {
    static_cast<void>(set_option(fd, SOL_IPV6, IPV6_RECVFRAGSIZE, 1));
  }
  return set_transparent(fd, family) && set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1) &&
         set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1) &&
         (v6 ? set_option(fd, SOL_IPV6, IPV6_RECVORIGDSTADDR, 1)
             : set_option(fd, SOL_IP, IP_RECVORIGDSTADDR, 1)) &&
         (v6 ? set_option(fd, SOL_IPV6, IPV6_RECVPKTINFO, 1)
             : set_option(fd, SOL_IP, IP_PKTINFO, 1)) &&
         hear_traffic_class(fd, family) && set_option(fd, SOL_UDP, UDP_GRO, 1) &&
         set_option(fd, SOL_SOCKET, SO_RXQ_OVFL, 1);
}

UdpListener::UdpListener(EdgePoll& poll, Descriptor socket, DatagramBatch& batch, Handler handler)
    : poll_(poll), socket_(std::move(socket)), batch_(batch), handler_(std::move(handler)) {
  datagrams_.reserve(DatagramBatch::slots);
  watch_ = poll.add_level(socket_.get(), *this);
  if (!watch_) {
    std::abort();  // at start, for want of kernel memory
  }
}

void UdpListener::close() {
  if (socket_.valid()) {
    poll_.remove(watch_, socket_.get());  // others may hold it, too
  }
  socket_.reset();
}

void UdpListener::on_events(std::uint32_t) {
  const int count = batch_.receive(socket_.get());
  if (count <= 0) {
    return;  // nothing after all, or an ICMP error of a reply, which is of no use here
  }
  datagrams_.clear();
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    const msghdr& header = batch_.header(i);
    if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
      handler_.on_truncated();
      continue;
    }
    const DatagramControl control = control_of(header);
    if (control.dropped != dropped_) {
      handler_.on_dropped(control.dropped - dropped_);  // the counter may wrap; so does this
      dropped_ = control.dropped;
    }
    if (!control.has_destination) {
      handler_.on_no_destination();
      continue;
    }
    datagrams_.push_back({.client = batch_.peer(i),
                          .destination = control.destination,
                          .interface = control.interface,
                          .segment = control.segment,
                          .tos = control.tos,
                          .was_in_fragments = control.was_in_fragments,
                          .mark = control.mark,
                          .payload = batch_.payload(i)});
  }
  if (!datagrams_.empty()) {
    handler_.on_datagrams(datagrams_);
  }
}

}  // namespace weir
