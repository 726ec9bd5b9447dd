// An admin server over a made-up gateway, in a loop that runs on the test's thread while a client
// of the test runs on another one.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "admin/fake_control.h"
#include "admin/server.h"
#include "base/folder.h"
#include "base/log.h"
#include "loop/loop.h"

namespace weir {

class Served {
 public:
  explicit Served(const AdminLimits& limits = {})
      : log_(std::move(Log::open(log_settings())).value()), mailbox_(loop_) {
    AdminSettings settings;
    settings.socket = socket();
    server_ = std::move(AdminServer::start(loop_, settings, control, *log_, limits)).value();
  }

  [[nodiscard]] std::string socket() const { return folder_ / "control.sock"; }

  // Runs `client` on a thread of its own, and the loop on this one until the client is done.
  template <typename Client>
  void during(Client client) {
    std::thread thread([&] {
      client();
      on_loop([this] { loop_.stop(); });
    });
    loop_.run();
    thread.join();
  }

  // From the client's thread.
  void on_loop(std::function<void()> task) { mailbox_.post(std::move(task)); }

  // Takes over another admin.http; whether that worked. While the loop does not run.
  bool listen(const std::optional<Endpoint>& http) {
    AdminSettings settings;
    settings.socket = socket();
    settings.http = http;
    return server_->reconfigure(settings).ok();
  }

  void stop_server() { server_.reset(); }

  FakeControl control;

 private:
  [[nodiscard]] LogSettings log_settings() const {
    LogSettings settings;
    settings.target = LogTarget::file;
    settings.path = folder_ / "log";
    return settings;
  }

  Folder folder_;
  Loop loop_;
  std::unique_ptr<Log> log_;
  Mailbox mailbox_;
  std::unique_ptr<AdminServer> server_;
};

}  // namespace weir
