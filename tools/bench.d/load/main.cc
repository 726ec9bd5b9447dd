// load: the traffic of the benchmark, as a server process and a client process that share a ledger.
// `load server --ledger FILE` in one network namespace, then any number of
// `load CLIENT --ledger FILE --from ADDRESS --to ADDRESS …` in another.
#include <unistd.h>

#include <csignal>
#include <iterator>
#include <string_view>

#include "client.h"
#include "ledger.h"
#include "observation.h"
#include "server.h"

namespace load {

Address source_of(const Options& options, std::uint32_t i) {
  return Address::parse(options.from).plus(i % options.sources);
}

Address destination_of(const Options& options, std::uint32_t i, std::uint16_t default_port) {
  return Address::parse(options.to)
      .plus(i % options.destinations)
      .with_port(options.port != 0 ? options.port : default_port);
}

void finish(Report& report, const Observation& observation, const Ledger& ledger,
            std::uint64_t corrupt, const Caller& caller) {
  observation.add_to(report);
  report.add("corrupt", static_cast<double>(corrupt + ledger.corrupt.load()));
  report.add("peer", peer_text(caller.address));
  report.add("by_socks", caller.by_socks ? 1.0 : 0.0);
  report.print();
}

void hold_until_released() {
  const std::string_view ready = "ready\n";
  (void)!write(STDOUT_FILENO, ready.data(), ready.size());
  char byte = 0;
  while (read(STDIN_FILENO, &byte, 1) > 0) {
  }
}

}  // namespace load

int main(int count, char** words) {
  std::signal(SIGPIPE, SIG_IGN);
  const load::Options options = load::parse_options(count, words);
  constexpr struct {
    std::string_view name;
    int (*run)(const load::Options&);
  } kRoles[] = {
      {"server", load::serve},
      {"bulk", load::run_bulk},
      {"exchange-tcp", load::run_exchange_tcp},
      {"exchange-udp", load::run_exchange_udp},
      {"connections", load::run_connections},
      {"datagrams", load::run_datagrams},
      {"dns", load::run_dns},
  };
  for (const auto& role : kRoles) {
    if (role.name == options.role) return role.run(options);
  }
  load::die("unknown role " + options.role);
}
