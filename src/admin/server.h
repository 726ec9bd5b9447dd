// The admin interface: the API on the control socket, and read-only on admin.http if that is set;
// and the history that the page's charts show.
//
// One, owned by the Gateway; main thread.
#pragma once

#include <memory>
#include <optional>

#include "admin/control.h"
#include "admin/control_socket.h"
#include "admin/history.h"
#include "admin/http_listener.h"
#include "base/configuration.h"
#include "base/log.h"
#include "loop/loop.h"
#include "weir/result.h"

namespace weir {

class AdminServer {
 public:
  // `control` and `log` outlive the server. An error says what keeps it from listening: "another
  // weir is running on /run/weir/control.sock".
  static Result<std::unique_ptr<AdminServer>> start(Loop& loop, const AdminSettings& settings,
                                                    Control& control, Log& log,
                                                    const AdminLimits& limits = {});
  // Beside a gateway that is being taken over: no client finds the socket before
  // rename_into_place(), and admin.http is opened then.
  static Result<std::unique_ptr<AdminServer>> prepare(Loop& loop, const AdminSettings& settings,
                                                      Control& control, Log& log,
                                                      const AdminLimits& limits = {});
  // The other gateway closes its admin.http after that: until then it is tried again.
  Result<> rename_into_place(const AdminSettings& settings);
  // A successor has the path.
  void leave() { socket_.leave(); }

  // Takes over admin.http of a new configuration. On error everything stays as it was.
  Result<> reconfigure(const AdminSettings& settings);

 private:
  AdminServer(Loop& loop, Control& control, Log& log, const AdminLimits& limits,
              ControlSocket socket);
  static Result<std::unique_ptr<AdminServer>> serve(std::unique_ptr<AdminServer> server);
  [[nodiscard]] HttpListener::Setup setup();
  void try_http();
  // Null for no address.
  Result<std::unique_ptr<HttpListener>> open_http(const std::optional<Endpoint>& address);

  Loop& loop_;
  Control& control_;
  Log& log_;
  AdminLimits limits_;
  History history_;
  Timer sampler_;
  ControlSocket socket_;
  std::unique_ptr<HttpListener> local_;
  std::unique_ptr<Timer> again_;  // while admin.http is not ours yet
  int tries_left_ = 0;
  AdminSettings wanted_;
  std::optional<Endpoint> address_;  // of `http_`
  std::unique_ptr<HttpListener> http_;
};

}  // namespace weir
