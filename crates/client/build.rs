//! The page is built into the tool if `scripts/build-page.sh` has made it; without it, `fhe-ml app` says so.

fn main() {
	let page = "../../app/page/dist";
	println!("cargo:rerun-if-changed={page}");
	if let Err(error) = std::fs::create_dir_all(page) {
		println!("cargo:warning={page} cannot be made: {error}");
	}
}
