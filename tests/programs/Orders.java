// SPDX-License-Identifier: MIT
// Two threads and one lock: the second waits for the first, which the program makes sure of. Then it
// collects twice, says "ready" and sleeps until it is killed.
public class Orders {
	static final class Book {
		int orders;
	}

	static final Book book = new Book();

	static void take() {
		synchronized (book) {
			book.orders++;
		}
	}

	static Thread startBlocked(String name) {
		Thread thread = new Thread(Orders::take, name);
		thread.start();
		while (thread.getState() != Thread.State.BLOCKED)
			Thread.onSpinWait();
		return thread;
	}

	public static void main(String[] args) throws InterruptedException {
		Thread first, second;

		synchronized (book) {
			first = startBlocked("orders-1");
			second = startBlocked("orders-2");
		}
		first.join();
		second.join();
		System.gc();
		System.gc();
		System.out.println("ready");
		Thread.sleep(Long.MAX_VALUE);
	}
}
