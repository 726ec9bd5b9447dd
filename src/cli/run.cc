#include "cli/run.h"

#include <fmt/core.h>

#include <cstdint>
#include <cstdio>
#include <utility>

#include "base/descriptor_limit.h"
#include "cli/control_client.h"
#include "cli/exit_status.h"
#include "cli/load.h"
#include "cli/privileges.h"
#include "takeover/takeover_client.h"

namespace weir {
namespace {

// While still root: asks the running gateway for what it has (--takeover), and makes the socket
// that a successor takes over by.
Result<> claim_service(const Configuration& configuration, const RunArguments& arguments,
                       Gateway::Options& options) {
  constexpr mode_t for_root = 0600;
  const std::string path = takeover_path(configuration.admin.socket);
  // Before anything else: asking for its other socket would look like a takeover to it.
  if (const std::string& control = configuration.admin.socket;
      !arguments.takeover && ask_gateway(control, "GET", "/v1/status")) {
    return Error(
        "another weir is running, or still draining (control socket " + control +
        "): 'weir reload' applies a changed file to it, 'weir run --takeover' replaces it");
  }
  if (arguments.takeover) {
    auto takeover_client = TakeoverClient::ask(path);
    if (!takeover_client) {
      return takeover_client.error().with_context("cannot take over");
    }
    options.takeover_client = std::move(takeover_client).value();
  }
  auto socket = arguments.takeover ? ControlSocket::prepare(path, for_root)
                                   : ControlSocket::listen(path, for_root);
  if (socket) {
    options.takeover_socket.emplace(std::move(socket).value());
  } else {
    fmt::print(stderr, "weir: 'weir run --takeover' cannot replace this gateway: {}\n",
               socket.error().text());
  }
  return Ok{};
}

}  // namespace

int run_gateway(const RunArguments& arguments) {
  auto configuration = load_or_report(arguments.file);
  if (!configuration) {
    return Exit::bad_configuration;
  }
  Gateway::Options options;
  options.load = [file = arguments.file](const SetTable* sets) { return load(file, sets); };
  options.firewall = arguments.firewall;
  options.backend = firewall::backend_named(arguments.backend);
  options.descriptors = raise_descriptor_limit();
  if (auto found = claim_service(*configuration, arguments, options); !found) {
    fmt::print(stderr, "weir: {}\n", found.error().text());
    return 1;
  }
  if (auto became = become_user(*configuration); !became) {
    fmt::print(stderr, "weir: {}\n", became.error().text());
    return 1;
  }
  auto gateway = Gateway::start(std::move(options), std::move(*configuration));
  if (!gateway) {
    fmt::print(stderr, "weir: {}\n", gateway.error().text());
    return 1;
  }
  gateway.value()->run();
  return 0;
}

}  // namespace weir
