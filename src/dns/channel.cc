#include "dns/channel.h"

#include <ares.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <map>
#include <utility>

#include "base/descriptor.h"

namespace weir {
namespace {

constexpr int first_timeout_ms = 2000;  // doubled by c-ares for every further try
constexpr int tries_per_server = 2;
// Fits into one packet everywhere (the DNS flag day of 2020); longer answers come over TCP.
constexpr int edns_size = 1232;

// One lookup; c-ares gives it back exactly once, also when the channel is destroyed.
struct Lookup {
  DnsChannel::Answered answered;
};

struct ServiceLookup {
  std::function<void(const ServiceAnswer&)> answered;
};

bool set_mark(int fd, Mark mark) {
  return mark.mask == 0 || setsockopt(fd, SOL_SOCKET, SO_MARK, &mark.value, sizeof mark.value) == 0;
}

// Finds out now, in words, what would otherwise make every lookup fail.
Result<> check_mark(Mark mark) {
  const Descriptor probe(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (probe.valid() && !set_mark(probe.get(), mark)) {
    return Error(std::string("cannot mark the sockets of DNS queries: ") +
                 std::strerror(errno) +  // NOLINT(concurrency-mt-unsafe)
                 (errno == EPERM ? " (CAP_NET_ADMIN is missing)" : ""));
  }
  return Ok{};
}

std::string words_for(int status) {
  switch (status) {
    case ARES_ENODATA:
      return "the name has no address";
    case ARES_ENOTFOUND:
      return "no such name";
    case ARES_ESERVFAIL:
      return "the DNS server failed";
    case ARES_EREFUSED:
      return "the DNS server refused to answer";
    case ARES_ETIMEOUT:
      return "no DNS server answered in time";
    case ARES_ECONNREFUSED:
      return "no DNS server could be reached, or none that could would answer";
    case ARES_EBADNAME:
      return "it is not a valid name";
    default:
      return ares_strerror(status);
  }
}

// The shortest TTL on the way to an address. c-ares keeps them as int: one of 2^31 or more comes
// out negative.
std::chrono::seconds shortest_ttl(const ares_addrinfo& found) {
  auto shortest = std::numeric_limits<int>::max();
  for (const auto* node = found.nodes; node != nullptr; node = node->ai_next) {
    shortest = std::min(shortest, node->ai_ttl);
  }
  for (const auto* alias = found.cnames; alias != nullptr; alias = alias->next) {
    shortest = std::min(shortest, alias->ttl);
  }
  return std::chrono::seconds(shortest);
}

FamilyAnswer answer_of(int status, const ares_addrinfo* found) {
  FamilyAnswer out;
  if (status == ARES_SUCCESS && found != nullptr) {
    for (const auto* node = found->nodes; node != nullptr; node = node->ai_next) {
      sockaddr_storage address{};
      std::memcpy(&address, node->ai_addr, std::min<std::size_t>(node->ai_addrlen, sizeof address));
      // An IPv6 address that stands for an IPv4 one, or for none, is no answer.
      if (const Address one = Endpoint::from(address).address; !one.is_unspecified()) {
        out.addresses.push_back(one);
      }
    }
    out.ttl = shortest_ttl(*found);
  }
  if (!out.addresses.empty()) {
    out.outcome = FamilyAnswer::Outcome::addresses;
    return out;
  }
  const bool none = status == ARES_SUCCESS || status == ARES_ENODATA || status == ARES_ENOTFOUND;
  out.outcome = none ? FamilyAnswer::Outcome::none : FamilyAnswer::Outcome::failed;
  out.error = words_for(status == ARES_SUCCESS ? ARES_ENODATA : status);
  return out;
}

}  // namespace

struct DnsChannel::State {
  State(Loop& loop_, Mark bypass_)
      : loop(loop_),
        bypass(bypass_),
        timeout(loop, [this] { process(ARES_SOCKET_BAD, ARES_SOCKET_BAD); }) {}
  ~State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  Loop& loop;
  Mark bypass;
  ares_channel channel = nullptr;
  std::map<int, std::unique_ptr<Poll>> sockets;
  Timer timeout;

  Result<> open(std::span<const Endpoint> servers);
  void process(int readable, int writable);
  void set_timeout();
  void watch(int fd, Poll::Ready interest);
};

DnsChannel::State::~State() {
  if (channel != nullptr) {
    ares_destroy(channel);
  }
  ares_library_cleanup();
}

Result<> DnsChannel::State::open(std::span<const Endpoint> servers) {
  ares_library_init(ARES_LIB_INIT_ALL);
  if (auto marked = check_mark(bypass); !marked) {
    return marked;
  }
  ares_options options{};
  options.flags = ARES_FLAG_EDNS;
  options.ednspsz = edns_size;
  options.timeout = first_timeout_ms;
  options.tries = tries_per_server;
  options.sock_state_cb = [](void* self, ares_socket_t fd, int readable, int writable) {
    static_cast<State*>(self)->watch(fd, {.readable = readable != 0, .writable = writable != 0});
  };
  options.sock_state_cb_data = this;
  int status = ares_init_options(&channel, &options,
                                 ARES_OPT_FLAGS | ARES_OPT_EDNSPSZ | ARES_OPT_TIMEOUTMS |
                                     ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB);
  if (status != ARES_SUCCESS) {
    return Error(std::string("cannot start the DNS resolver: ") + ares_strerror(status));
  }
  ares_set_socket_configure_callback(
      channel,
      [](ares_socket_t fd, int /*type*/, void* self) {
        return set_mark(fd, static_cast<State*>(self)->bypass) ? 0 : -1;
      },
      this);
  std::string list;
  for (const auto& server : servers) {
    list += (list.empty() ? "" : ",") + server.text();
  }
  if (!list.empty()) {
    status = ares_set_servers_ports_csv(channel, list.c_str());
    if (status != ARES_SUCCESS) {
      return Error("cannot use the DNS servers " + list + ": " + ares_strerror(status));
    }
  }
  return Ok{};
}

void DnsChannel::State::watch(int fd, Poll::Ready interest) {
  if (!interest.readable && !interest.writable) {
    sockets.erase(fd);  // c-ares closes it next
    return;
  }
  auto& poll = sockets[fd];
  if (!poll) {
    poll = std::make_unique<Poll>(loop, fd, [this, fd](Poll::Ready ready) {
      process(ready.readable ? fd : ARES_SOCKET_BAD, ready.writable ? fd : ARES_SOCKET_BAD);
    });
  }
  poll->watch(interest);
}

void DnsChannel::State::process(int readable, int writable) {
  ares_process_fd(channel, readable, writable);
  set_timeout();
}

void DnsChannel::State::set_timeout() {
  timeval left{};
  if (ares_timeout(channel, nullptr, &left) == nullptr) {
    timeout.stop();
    return;
  }
  timeout.once(std::chrono::ceil<Milliseconds>(std::chrono::seconds(left.tv_sec) +
                                               std::chrono::microseconds(left.tv_usec)));
}

DnsChannel::DnsChannel(std::unique_ptr<State> state) : state_(std::move(state)) {}
DnsChannel::~DnsChannel() = default;

Result<std::unique_ptr<DnsChannel>> DnsChannel::open(Loop& loop, std::span<const Endpoint> servers,
                                                     Mark bypass) {
  auto state = std::make_unique<State>(loop, bypass);
  if (auto opened = state->open(servers); !opened) {
    return opened.error();
  }
  return std::unique_ptr<DnsChannel>(new DnsChannel(std::move(state)));
}

void DnsChannel::lookup(const std::string& name, Family family, Answered answered) {
  ares_addrinfo_hints hints{};
  hints.ai_family = family == Family::v4 ? AF_INET : AF_INET6;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = ARES_AI_NOSORT;
  ares_getaddrinfo(
      state_->channel, name.c_str(), nullptr, &hints,
      [](void* argument, int status, int /*timeouts*/, ares_addrinfo* found) {
        const std::unique_ptr<Lookup> lookup(static_cast<Lookup*>(argument));
        if (status != ARES_EDESTRUCTION) {
          lookup->answered(answer_of(status, found));
        }
        ares_freeaddrinfo(found);
      },
      new Lookup{std::move(answered)});
  state_->set_timeout();
}

void DnsChannel::lookup_service(const std::string& name,
                                std::function<void(const ServiceAnswer&)> answered) {
  constexpr int class_in = 1;
  constexpr int type_srv = 33;
  ares_query(
      state_->channel, name.c_str(), class_in, type_srv,
      [](void* argument, int status, int /*timeouts*/, unsigned char* bytes, int length) {
        const std::unique_ptr<ServiceLookup> lookup(static_cast<ServiceLookup*>(argument));
        if (status == ARES_SUCCESS) {
          lookup->answered(parse_srv_reply({bytes, static_cast<std::size_t>(length)}));
        } else if (status != ARES_EDESTRUCTION) {
          lookup->answered(
              {.targets = {},
               .ttl = {},
               .error = status == ARES_ENODATA ? "it has no SRV records" : words_for(status)});
        }
      },
      new ServiceLookup{std::move(answered)});
  state_->set_timeout();
}

}  // namespace weir
