#include "base/log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/descriptor.h"
#include "base/folder.h"
#include "catch.h"

namespace weir {
namespace {

LogSettings to_file(const std::string& path) {
  LogSettings settings;
  settings.target = LogTarget::file;
  settings.path = path;
  return settings;
}

std::string contents(const std::string& path) {
  std::ostringstream out;
  out << std::ifstream(path).rdbuf();
  return out.str();
}

template <typename Condition>
bool comes_true(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) {
      return false;
    }
    std::this_thread::yield();
  }
  return true;
}

std::uint64_t count_lines(std::string_view text) {
  return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

TEST_CASE("a log file's lines carry time, level and message; records stand as they are") {
  const Folder folder;
  const auto path = folder / "weir.log";
  {
    auto log = Log::open(to_file(path));
    REQUIRE(log);
    log.value()->debug("too quiet to hear");
    log.value()->warning("two\nlines \x1b[31m");
    CHECK(log.value()->records("flow one\nflow two\n", 2) == 0);
  }
  const auto text = contents(path);
  CHECK(count_lines(text) == 3);
  CHECK(text.substr(4, 1) == "-");
  CHECK(text.find("Z warning two\\nlines \\x1b[31m\nflow one\nflow two\n") == 23);
}

TEST_CASE("a JSON log's messages are objects with time, level and message") {
  const Folder folder;
  auto settings = to_file(folder / "weir.log");
  settings.format = LogFormat::json;
  Log::open(settings).value()->error("cannot \"bind\"");
  const auto json = nlohmann::json::parse(contents(settings.path));
  CHECK(json["level"] == "error");
  CHECK(json["message"] == "cannot \"bind\"");
  CHECK(json["time"].get<std::string>().size() == 24);
}

TEST_CASE("a log that can't be opened says what and why") {
  auto log = Log::open(to_file("/nonexistent/weir.log"));
  REQUIRE_FALSE(log);
  CHECK(log.error().text() ==
        "cannot open the log /nonexistent/weir.log: No such file or directory");
}

TEST_CASE("reopening lets go of a rotated file") {
  const Folder folder;
  const auto settings = to_file(folder / "weir.log");
  auto log = std::move(Log::open(settings)).value();
  log->info("before");
  REQUIRE(comes_true([&] { return !contents(settings.path).empty(); }));
  std::filesystem::rename(settings.path, folder / "weir.log.1");
  REQUIRE(log->reopen(settings));
  log->info("after");
  log.reset();
  CHECK(contents(folder / "weir.log.1").ends_with(" info before\n"));
  CHECK(contents(settings.path).ends_with(" info after\n"));
}

TEST_CASE("a reopening that fails leaves the log as it was") {
  const Folder folder;
  const auto settings = to_file(folder / "weir.log");
  auto log = std::move(Log::open(settings)).value();
  auto wrong = to_file("/nonexistent/weir.log");
  wrong.format = LogFormat::json;
  CHECK_FALSE(log->reopen(wrong));
  CHECK(log->format() == LogFormat::text);
  log->info("still here");
  log.reset();
  CHECK(contents(settings.path).ends_with(" info still here\n"));
}

TEST_CASE("a reader that has stopped costs lines and no time, and the loss is told when it ends") {
  const Folder folder;
  const auto path = folder / "pipe";
  REQUIRE(mkfifo(path.c_str(), 0600) == 0);
  const Descriptor reader(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  auto log = std::move(Log::open(to_file(path))).value();

  // Twice what the queue and the pipe hold, with no reader.
  const std::string line(1023, 'x');
  std::uint64_t sent = 0;
  std::uint64_t lost = 0;
  const auto start = std::chrono::steady_clock::now();
  for (; sent < 2 * Log::queue_bytes / 1024; sent += 4) {
    std::string batch;
    for (int i = 0; i < 4; ++i) {
      batch += line + "\n";
    }
    lost += log->records(std::move(batch), 4);
  }
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(5));
  CHECK(lost > sent / 3);
  CHECK(log->lost() == lost);

  // It reads again.
  std::string text;
  std::array<char, 65536> piece{};
  const auto read_some = [&] {
    const auto n = read(reader.get(), piece.data(), piece.size());
    if (n > 0) {
      text.append(piece.data(), static_cast<std::size_t>(n));
    }
  };
  const std::string notice = "warning " + std::to_string(lost) + " log lines were lost";
  REQUIRE(comes_true([&] {
    read_some();
    return text.size() > 200 && text.find(notice, text.size() - 200) != std::string::npos;
  }));
  CHECK(count_lines(text) == sent - lost + 1);

  log->info("and on");
  REQUIRE(comes_true([&] {
    read_some();
    return text.ends_with("and on\n");
  }));
  CHECK(count_lines(text) == sent - lost + 2);
}

TEST_CASE("a reader that has stopped does not hold up the end by more than a second") {
  const Folder folder;
  const auto path = folder / "pipe";
  REQUIRE(mkfifo(path.c_str(), 0600) == 0);
  const Descriptor reader(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  auto log = std::move(Log::open(to_file(path))).value();
  log->records(std::string(1 << 20, 'x') + '\n', 1);
  const auto start = std::chrono::steady_clock::now();
  log.reset();
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(3));
}

TEST_CASE("a reader that is gone costs lines and nothing else") {
  const Folder folder;
  const auto path = folder / "pipe";
  REQUIRE(mkfifo(path.c_str(), 0600) == 0);
  Descriptor reader(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  auto log = std::move(Log::open(to_file(path))).value();
  reader.reset();
  log->records("one\ntwo\n", 2);
  CHECK(comes_true([&] { return log->lost() == 2; }));
}

TEST_CASE("a full disk costs lines, not time, and a reopening gets past it") {
  if (access("/dev/full", W_OK) != 0) {
    return;
  }
  const Folder folder;
  auto log = std::move(Log::open(to_file("/dev/full"))).value();
  log->info("kept until there is room");
  const auto good = to_file(folder / "weir.log");
  REQUIRE(log->reopen(good));
  CHECK(comes_true([&] { return contents(good.path).ends_with("kept until there is room\n"); }));
}

TEST_CASE("many threads write whole lines") {
  const Folder folder;
  const auto settings = to_file(folder / "weir.log");
  {
    auto log = std::move(Log::open(settings)).value();
    std::vector<std::thread> threads;
    threads.reserve(4);
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&log] {
        for (int i = 0; i < 500; ++i) {
          log->info("all of this line");
        }
      });
    }
    for (auto& thread : threads) {
      thread.join();
    }
  }
  std::istringstream lines(contents(settings.path));
  std::uint64_t whole = 0;
  for (std::string line; std::getline(lines, line);) {
    whole += line.ends_with("Z info all of this line") && line.size() == 46 ? 1U : 0U;
  }
  CHECK(whole == 2000);
}

}  // namespace
}  // namespace weir
