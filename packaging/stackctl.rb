# The Homebrew formula. `packaging/formula.py` fills in the release's address, version and sums.
class Stackctl < Formula
  desc "@SUMMARY@"
  homepage "https://github.com/@REPOSITORY@"
  version "@VERSION@"
  license any_of: ["MIT", "Apache-2.0"]

  on_macos do
    on_arm do
      url "https://github.com/@REPOSITORY@/releases/download/v@VERSION@/stackctl-aarch64-apple-darwin.tar.gz"
      sha256 "@aarch64-apple-darwin@"
    end
    on_intel do
      url "https://github.com/@REPOSITORY@/releases/download/v@VERSION@/stackctl-x86_64-apple-darwin.tar.gz"
      sha256 "@x86_64-apple-darwin@"
    end
  end

  on_linux do
    on_arm do
      url "https://github.com/@REPOSITORY@/releases/download/v@VERSION@/stackctl-aarch64-unknown-linux-gnu.tar.gz"
      sha256 "@aarch64-unknown-linux-gnu@"
    end
    on_intel do
      url "https://github.com/@REPOSITORY@/releases/download/v@VERSION@/stackctl-x86_64-unknown-linux-gnu.tar.gz"
      sha256 "@x86_64-unknown-linux-gnu@"
    end
  end

  depends_on "python@3.13"

  def install
    bin.install "stackctl"
    generate_completions_from_executable(bin/"stackctl", "completions")
    system bin/"stackctl", "man", man1
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/stackctl --version")
    system bin/"stackctl", "init", "shop"
    assert_path_exists testpath/"shop/stack.toml"
  end
end
