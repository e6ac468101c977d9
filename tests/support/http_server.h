// A server of files for tests of downloads: on this machine alone, on a port that the system chooses.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace savp {

// A socket with a port of its own. Until somebody listens, whoever connects is refused.
class LocalPort {
 public:
  LocalPort() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (socket_ < 0 || ::bind(socket_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
      throw std::runtime_error("no port for a test");
    number_ = ntohs(address.sin_port);
  }
  LocalPort(const LocalPort&) = delete;
  LocalPort& operator=(const LocalPort&) = delete;
  ~LocalPort() { ::close(socket_); }

  int socket() const { return socket_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(number_); }

 private:
  int socket_;
  int number_ = 0;
};

// Serves the files of a folder until it goes, one request after the other.
class HttpServer {
 public:
  enum class Ranges { kGiven, kIgnored };

  HttpServer(std::filesystem::path folder, Ranges ranges) : folder_(std::move(folder)), ranges_(ranges) {
    if (::listen(port_.socket(), 8) != 0) throw std::runtime_error("no server for a test");
    thread_ = std::thread([this] { serve(); });
  }
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  ~HttpServer() {
    ::shutdown(port_.socket(), SHUT_RDWR);  // ends accept()
    thread_.join();
  }

  std::string url() const { return port_.url(); }
  // Bytes sent of each answer so far, without headers.
  std::vector<size_t> sent() const {
    const std::lock_guard lock(mutex_);
    return sent_;
  }

 private:
  void serve() {
    for (int client; (client = ::accept(port_.socket(), nullptr, nullptr)) >= 0; ::close(client)) {
      std::string request;
      char buffer[4096];
      while (request.find("\r\n\r\n") == std::string::npos) {
        const auto got = ::recv(client, buffer, sizeof buffer, 0);
        if (got <= 0) break;
        request.append(buffer, static_cast<size_t>(got));
      }
      answer(client, request);
    }
  }

  void answer(int client, const std::string& request) {
    const auto start = request.find('/');
    const auto file = folder_ / request.substr(start + 1, request.find(' ', start) - start - 1);
    std::ifstream in(file, std::ios::binary);
    const std::string content{std::istreambuf_iterator<char>(in), {}};
    const auto asked = request.find("Range: bytes=");
    const bool partial = ranges_ == Ranges::kGiven && asked != std::string::npos;
    const size_t from = partial ? std::stoul(request.substr(asked + 13)) : 0;
    if (!in.is_open()) return send(client, "404 Not Found", "", "");
    if (partial && from >= content.size())
      return send(client, "416 Range Not Satisfiable",
                  "Content-Range: bytes */" + std::to_string(content.size()) + "\r\n", "");
    const auto range = "Content-Range: bytes " + std::to_string(from) + "-" +
                       std::to_string(content.size() - 1) + "/" + std::to_string(content.size()) + "\r\n";
    send(client, partial ? "206 Partial Content" : "200 OK", partial ? range : "", content.substr(from));
  }

  void send(int client, const std::string& status, const std::string& headers, const std::string& body) {
    const auto text = "HTTP/1.1 " + status + "\r\nConnection: close\r\n" + headers +
                      "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    {
      const std::lock_guard lock(mutex_);
      sent_.push_back(body.size());
    }
    for (size_t done = 0; done < text.size();) {
      const auto some = ::send(client, text.data() + done, text.size() - done, MSG_NOSIGNAL);
      if (some <= 0) return;
      done += static_cast<size_t>(some);
    }
  }

  std::filesystem::path folder_;
  Ranges ranges_;
  LocalPort port_;
  mutable std::mutex mutex_;
  std::vector<size_t> sent_;
  std::thread thread_;
};

}  // namespace savp
