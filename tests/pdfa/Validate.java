import java.io.FileInputStream;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.TestAssertion;

/** Prints a line for each rule of PDF/A-3b that a file breaks; exits with 1 if there is any. */
public final class Validate {
    public static void main(String[] files) throws Exception {
        VeraGreenfieldFoundryProvider.initialise();
        var broken = 0;
        for (var file : files) {
            try (var parser = Foundries.defaultInstance()
                            .createParser(new FileInputStream(file), PDFAFlavour.PDFA_3_B);
                    var validator = Foundries.defaultInstance()
                            .createValidator(PDFAFlavour.PDFA_3_B, false)) {
                var result = validator.validate(parser);
                for (var assertion : result.getTestAssertions()) {
                    if (assertion.getStatus() == TestAssertion.Status.FAILED) {
                        broken++;
                        System.out.println(file + ": " + assertion.getRuleId() + " " + assertion.getMessage());
                    }
                }
                System.out.println(file + (result.isCompliant() ? ": compliant" : ": not compliant"));
            }
        }
        System.exit(broken == 0 ? 0 : 1);
    }
}
