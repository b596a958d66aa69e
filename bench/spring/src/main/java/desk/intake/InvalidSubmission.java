package desk.intake;

/** A record that is no sound cancellation and never will be; it becomes a dead letter. */
class InvalidSubmission extends Exception {

    private final String reason;

    InvalidSubmission(String reason, String error) {
        super(error);
        this.reason = reason;
    }

    String reason() {
        return reason;
    }
}
